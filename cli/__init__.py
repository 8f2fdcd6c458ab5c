"""The command line: asks the daemon and shows the answer."""
