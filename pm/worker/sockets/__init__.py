"""What stands in the place of the app's sockets: listeners, and accepted connections."""
