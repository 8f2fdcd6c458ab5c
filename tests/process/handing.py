"""A hand-off without processes: the master's loop here, workers that are threads or this test."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pm.master.loop import Loop, now
from pm.master.sockets.handoff import Handoff
from pm.master.sockets.lane import Lane


@contextmanager
def own_loop() -> Iterator[Loop]:
    """Give a loop that leaves the process's wakeup fd as it was."""
    wakeup = signal.set_wakeup_fd(-1)
    try:
        yield Loop()
    finally:
        signal.set_wakeup_fd(wakeup)


def run_until(loop: Loop, done: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Let the loop serve until `done`, looked at every 2 ms; fails with `what`."""
    deadline = now() + seconds

    def look() -> None:
        if done() or now() >= deadline:
            loop.stop()
        else:
            loop.call_at(now() + 0.002, look)

    loop.call_at(now(), look)
    loop.run()
    assert done(), what


def run_for(loop: Loop, seconds: float) -> None:
    """Let the loop serve for that long."""
    end = now() + seconds
    run_until(loop, lambda: now() >= end, "time passed")


def listener() -> socket.socket:
    """Return a socket bound to a free port of 127.0.0.1, as the master keeps it."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


class Reader:
    """A worker's side of a lane, read by hand."""

    def __init__(self, lane: Lane) -> None:
        self.end = socket.socket(fileno=os.dup(lane.theirs.fileno()))
        self.taken: list[int] = []
        """Fds of connections."""
        self.kinds = b""
        """First bytes of all messages."""

    def take(self, most: int = 1 << 30) -> int:
        """Take up to `most` messages that are there; returns how many."""
        for count in range(most):
            if not select.select([self.end], [], [], 0)[0]:
                return count
            data, extra, _, _ = self.end.recvmsg(256, socket.CMSG_SPACE(4))
            if not data:
                return count
            self.kinds += data[:1]
            for _, _, raw in extra:
                self.taken.append(struct.unpack("i", raw[:4])[0])
        return most

    def close(self) -> None:
        """Close all that was taken."""
        self.end.close()
        for fd in self.taken:
            os.close(fd)
        self.taken.clear()


class Bench:
    """One listener with its hand-off, and readers as its workers."""

    def __init__(self, loop: Loop, depth: int = 64) -> None:
        self.loop = loop
        self.sock = listener()
        self.address = self.sock.getsockname()
        self.accepting: list[object] = []
        self.share: dict[object, float] = {}
        """How much of a core those get that run or wait for one; the others sleep."""
        self.handoff = Handoff(loop, self.sock, depth, self.accepting.append, self._used)
        self.readers: dict[str, Reader] = {}
        self.clients: list[socket.socket] = []

    def _used(self, name: object) -> float | None:
        return now() * self.share[name] if name in self.share else None

    def worker(self, name: str) -> Reader:
        """Add a worker that has taken its first probe and is in the rotation."""
        lane = self.handoff.attach(name)
        reader = self.readers[name] = Reader(lane)
        self.handoff.open(name, 5)
        assert reader.take() == 1
        run_until(self.loop, lambda: name in self.accepting, f"{name} accepts")
        self.handoff.enter(name)
        return reader

    def connect(self, count: int = 1) -> None:
        """Open connections; they complete in the kernel whether or not anybody accepts."""
        self.clients += [socket.create_connection(self.address, 5) for _ in range(count)]

    def given(self, *names: str) -> list[int]:
        """Return how many connections each has been handed."""
        return [self.handoff.given.get(name, 0) for name in names]

    def serve(self, total: int, *names: str) -> None:
        """Let readers take what comes until they have taken `total` in all."""

        def done() -> bool:
            for name in names:
                self.readers[name].take()
            return sum(len(self.readers[name].taken) for name in names) >= total

        run_until(self.loop, done, f"{total} connections taken by {names}")

    def close(self) -> None:
        """Close everything."""
        self.handoff.close()
        for reader in self.readers.values():
            reader.close()
        for client in self.clients:
            client.close()
