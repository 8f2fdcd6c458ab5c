"""Notes in a common file when it begins and ends: NAME FOLDER [job].

While there is a FIFO of its name, it waits there to be told its exit code; else it goes on at once.
"""

import os
import signal
import sys

import pm

name, folder = sys.argv[1:3]
gate = os.path.join(folder, name)


def note(text):
    with open(os.path.join(folder, "notes"), "a") as file:
        file.write(f"{text} {name}\n")


def end(*_):
    note("end")
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
note("begin")
code = 0
if os.path.exists(gate):
    with open(gate) as fifo:
        code = int(fifo.read())
if code:
    sys.exit(f"{name} has failed")
if "job" in sys.argv:
    end()
pm.ready()
signal.pause()
