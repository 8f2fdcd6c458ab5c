"""Tries to have the master do as root what the app may not do itself: WAY ARGS.

`signal PID`: says that it has forked that process. `port PORT`: binds it, by hand. `unix PATH`:
says that it serves a socket's file that is another's. Prints what came of it.
"""

import _socket
import contextlib
import os
import socket
import sys
import time

HERE = sys.modules["_pm.worker.here"]
WAY, WHAT = sys.argv[1:]


def port():
    with socket.socket() as sock:
        address = ["127.0.0.1", int(WHAT)]
        try:
            message = {"do": "bind", "family": 2, "index": 0, "address": address, "pid": 1}
            HERE.link.ask(message, [sock.fileno()])
        except OSError as error:
            return error.strerror
    return "bound"


def packets():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", int(WHAT)))
        except OSError as error:
            return error.strerror
    return "bound"


def unix():
    with contextlib.closing(_socket.socket(socket.AF_UNIX)) as sock:
        said = {"path": WHAT, "pid": os.getpid()}
        HERE.link.ask({"do": "claim", **said}, [])
        sock.bind("\0" + str(os.getpid()))
        answer, _ = HERE.link.ask({"do": "keep", **said}, [sock.fileno()])
        message = {"do": "listen", "key": answer["key"], "backlog": 5}
        HERE.link.ask(message, [])
    return "kept"


print(globals()[WAY](), flush=True)
time.sleep(1000)
