"""Libraries that need more than the patched sockets: each adapted when it is imported."""
