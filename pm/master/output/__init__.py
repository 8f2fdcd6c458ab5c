"""What workers print: pipes in, rotated and indexed files out, in a thread of its own."""
