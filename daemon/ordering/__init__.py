"""Who goes first: operations on one app, and apps that wait for others."""
