"""The daemon: keeps what is wanted and what is the same, and answers the CLI."""
