"""This process's mailbox: opened when the app first listens for something, read by one thread.

The thread is a plain one of the C module, which gevent has had no time to replace. It waits for
messages and for the drain. A callback is run on it, or on the event loop that ran where the
callback was registered; the next message is taken when that has begun.
"""

from __future__ import annotations

import _socket
import json
import os
import select
import socket
import sys

from .. import here
from ..link import POLL, RAW, START, park
from . import frames

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

    Taker = Callable[[dict[str, Any], Any], None]


class Mailbox:
    """The receiving end of this process."""

    def __init__(self) -> None:
        """Ask the master for it. Raises OSError if the master is gone or has too many."""
        assert here.link is not None
        self.pid = os.getpid()
        self.takers: dict[str, Taker] = {}
        """Who takes a frame, by what is to be done."""
        self.on_drain: Callable[[], None] = _nothing
        ours, theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            here.link.ask({"do": "mailbox", "pid": self.pid}, [theirs.fileno()])
        finally:
            theirs.close()
        self._sock = RAW(socket.AF_UNIX, socket.SOCK_STREAM, 0, park(ours.detach()))
        self._sock.setblocking(True)
        self._heard: set[str] = set()

    def hear(self, what: str) -> None:
        """Have the master send what is for this; starts the thread the first time."""
        assert here.link is not None
        if what in self._heard:
            return
        if not self._heard:
            START(self._run, ())
        self._heard.add(what)
        answer, _ = here.link.ask({"do": "hear", "pid": self.pid, "what": what}, [])
        if answer.get("dropped"):
            count = answer["dropped"]
            print(f"pm: {count} messages came too long before anybody listened", file=sys.stderr)

    def close(self) -> None:
        """Close it: this is a forked child, and the mailbox its parent's."""
        self._sock.close()

    def _run(self) -> None:
        waiter = POLL()
        waiter.register(self._sock, select.POLLIN)
        if here.drain_fd >= 0:
            waiter.register(here.drain_fd, select.POLLIN)
        try:
            while True:
                for fd, _ in waiter.poll():
                    if fd == here.drain_fd:
                        waiter.unregister(fd)
                        self.on_drain()
                    else:
                        self._take()
        except (OSError, ValueError):  # the master is gone, or speaks nonsense
            self._sock.close()

    def _take(self) -> None:
        head_length, body_length = frames.lengths(self._exactly(frames.LENGTHS.size))
        head = json.loads(self._exactly(head_length))
        raw = self._exactly(body_length)
        try:
            body = json.loads(raw) if raw else None
        except (ValueError, RecursionError):  # its sender is at fault, and not to be trusted
            return
        taker = self.takers.get(head["do"])
        if taker is not None:
            taker(head, body)

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            data = self._sock.recv(min(count - len(found), 1 << 16))
            if not data:
                raise BrokenPipeError(32, "the master is gone")
            found += data
        return bytes(found)


def _nothing() -> None:
    """Stand in for a drain hook."""
