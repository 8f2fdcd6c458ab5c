"""Requests of the CLI: received, understood, and done to one app or many."""
