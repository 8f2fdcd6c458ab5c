"""Prints numbered lines on both streams, then waits for its end."""

import signal
import sys

for number in range(30):
    print(f"out {number}")
    print(f"err {number}", file=sys.stderr)
signal.pause()
