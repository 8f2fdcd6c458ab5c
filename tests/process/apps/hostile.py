"""Writes what makes no sense to the master, at SIGUSR1: WAY. Prints `done` when it was heard."""

import contextlib
import json
import os
import signal
import socket
import sys

LINK = sys.modules["_pm.worker.here"].link
WAY = sys.argv[1]


def say(message, *fds):
    LINK.tell(message, list(fds))


def raw(data):
    with socket.socket(fileno=os.dup(LINK._sock.fileno())) as link:
        link.send(data)


def bind(fd):
    address = ["127.0.0.1", 5]
    with contextlib.suppress(OSError):
        LINK.ask({"do": "bind", "family": 2, "index": 0, "address": address}, [fd])


def deep():
    raw(b"[" * 16000)


def infinite():
    raw(b'{"do": "listen", "key": "x", "backlog": Infinity}')


def no_board():
    ours, theirs = socket.socketpair()
    say({"do": "board", "pid": 1}, ours.fileno())
    ours.close()
    theirs.close()


def small_board():
    fd = os.memfd_create("pm-board")
    say({"do": "board", "pid": 1}, fd)
    os.close(fd)


def shrunk():
    for name in os.listdir("/proc/self/fd"):
        try:
            if "pm-board" in os.readlink(f"/proc/self/fd/{name}"):
                os.ftruncate(int(name), 0)
        except OSError:
            pass


def unknown_child():
    say({"do": "child", "board": -7, "pid": os.getpid()})


def no_socket():
    with open(os.devnull, "rb") as file:
        for _ in range(100):
            bind(file.fileno())


def no_message():
    for value in (None, 3, [], {}, {"do": {}}, {"do": "bind"}, {"do": "handover", "key": []}):
        raw(json.dumps(value).encode())


def closed():
    os.closerange(3, 5000)


def attack(*_):
    globals()[WAY]()
    if WAY != "closed":
        with contextlib.suppress(OSError):  # its answer comes when all before it has been heard
            LINK.ask({"do": "listen", "key": "none", "backlog": 5}, [])
    print("done")


signal.signal(signal.SIGUSR1, attack)
while True:
    signal.pause()
