"""What stands in the place of the app's sockets: listeners, accepted connections, what is known of them."""
