"""Messages of the app: what it listens for, what it sends, and its mailbox."""
