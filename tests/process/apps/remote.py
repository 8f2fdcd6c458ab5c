"""Does what the test says: evaluates the lines of the fifo FOLDER/PID, and writes FOLDER/PID.N."""

import json
import os
import sys
import time  # noqa: F401 (for the lines)
import traceback

import pm

FOLDER, PID = sys.argv[1], os.getpid()
FIFO = f"{FOLDER}/{PID}"
GOT = []
SENDERS = []


def listen():
    @pm.on_message
    def got(message, sender):
        GOT.append(message)
        SENDERS.append((sender.id, sender.slot, sender.pid))


def run(number, line):
    try:
        result = {"result": eval(line, globals())}
    except SyntaxError:
        result = {"result": exec(line, globals())}
    except Exception as error:
        traceback.print_exc()
        result = {"error": f"{type(error).__name__}: {error}"}
    with open(f"{FIFO}.new", "w") as file:
        json.dump(result, file, default=repr)
    os.rename(f"{FIFO}.new", f"{FIFO}.{number}")


if "listen" in sys.argv[2:]:
    listen()
os.mkfifo(FIFO + ".tmp")
# for writing too: between two readers, and at the end of a child that has it, a line would be lost
lines = os.open(FIFO + ".tmp", os.O_RDWR)
os.rename(FIFO + ".tmp", FIFO)
with open(lines) as texts:
    for number, text in enumerate(texts):
        run(number, json.loads(text))
