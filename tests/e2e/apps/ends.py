"""Ends in one of the ways in which programs end: HOW."""

import atexit
import os
import signal
import sys
import threading


def deep(number):
    return deep(number - 1) if number else 1 / number


atexit.register(print, "atexit ran", file=sys.stderr)
how = sys.argv[1]
if how == "exit":
    sys.exit(7)
elif how == "message":
    sys.exit("a message")
elif how == "raise":
    deep(2)
elif how == "thread":
    threading.Timer(0.2, print, ["the thread ended"], {"file": sys.stderr}).start()
elif how == "interrupt":
    raise KeyboardInterrupt
elif how == "signal":
    os.kill(os.getpid(), signal.SIGTERM)
