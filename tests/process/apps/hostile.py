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


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def mailboxes():
    """More than there may be, of what is none, and one that never reads."""
    kept = []
    for number in range(300):
        ours, theirs = socket.socketpair()
        kept += [ours, theirs]
        with contextlib.suppress(OSError):
            LINK.ask({"do": "mailbox", "pid": number}, [theirs.fileno()])
    with open(os.devnull, "rb") as file:
        for fd in (file.fileno(), pair()[0].fileno(), 0):
            with contextlib.suppress(OSError):
                LINK.ask({"do": "mailbox", "pid": 1}, [fd])
    for what in ("message", "x" * 500, ["message"], *(f"action {n}" for n in range(300))):
        with contextlib.suppress(OSError):
            LINK.ask({"do": "hear", "pid": 299 - 50, "what": what}, [])
    for _ in range(100):
        LINK.ask({"do": "broadcast", "pid": -1}, [], b"x" * (1 << 20))
    for sock in kept:
        sock.close()


def mail():
    """Messages, requests and answers that make no sense."""
    for body in (b"", b"{", b"[" * 12000, b"\xff", b"1" * 5000):
        for verb in ("send", "broadcast", "request", "answer", "shared"):
            for extra in ({}, {"pid": "x"}, {"pid": 1, "slot": 0, "timeout": 1e308, "n": 1}):
                ours, theirs = pair()
                LINK.tell({"do": verb, **extra}, [theirs.fileno()], body)
                LINK.tell({"do": verb, **extra}, [], body)
                ours.close()
                theirs.close()
    for size in (-1, 1 << 40, "x", 2.5, {}):
        say({"do": "broadcast", "pid": 1, "size": size}, 0)


def hoard():
    """Shared results that are too many, unfinished, or nonsense."""
    parcel = sys.modules["_pm.worker.parcel"]
    for number in range(400):
        head = {"do": "shared", "key": str(number), "patience": 1e300}
        sock = LINK.question(head, [])
        sock.recv(1000)
        if number % 2:
            raw, fds = parcel.pack({"ttl": 1e300}, b"x" * (1 << 20))
            socket.send_fds(sock, [raw], fds)
            os.close(fds[0])
        else:
            sock.send([b"", b"{", b"[]", b'{"ttl": "x"}', b'{"ttl": NaN}\n1'][number // 2 % 5])
        sock.close()
    asked = [LINK.question({**head, "key": str(n)}, []) for n in range(1500) for _ in range(2)]
    for sock in asked:
        sock.close()


def requests():
    """Requests that nobody waits for, to a mailbox that nobody reads."""
    ours, theirs = socket.socketpair()
    LINK.ask({"do": "mailbox", "pid": os.getpid()}, [theirs.fileno()])
    LINK.ask({"do": "hear", "pid": os.getpid(), "what": "request"}, [])
    head = {"do": "request", "pid": 1, "slot": 0, "timeout": 1e9}
    asked = [LINK.question(head, [], b"1") for _ in range(300)]
    with open(os.devnull, "rb") as file:
        say(head, file.fileno())
    for sock in [*asked, ours, theirs]:
        sock.close()


def closed():
    for fd in range(3, 5000):
        with contextlib.suppress(OSError):
            os.close(fd)


def attack(*_):
    globals()[WAY]()
    if WAY != "closed":
        with contextlib.suppress(OSError):  # its answer comes when all before it has been heard
            LINK.ask({"do": "listen", "key": "none", "backlog": 5}, [])
    print("done")


signal.signal(signal.SIGUSR1, attack)
while True:
    signal.pause()
