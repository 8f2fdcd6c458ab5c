"""Mailboxes: where processes of an app get messages. The master only ever writes to them.

A receiver that is slow is waited for by nobody: its messages stand in a queue here, which is
bounded; a full one refuses, and whoever sends is told.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable

from ...record import dataclass, field
from ..loop import Loop

ROOM = 64 << 20
"""Bytes that may wait for one process."""
KEPT = 1 << 20
"""Bytes of messages kept for a worker that does not listen yet."""
_OVERHEAD = 256
MOST = 256
"""Mailboxes of one worker: its own and its forked children's."""
MESSAGE, REQUEST, STOP, ACTION = "message", "request", "stop", "action "
"""What a process may listen for; ACTION is followed by the action's name."""


def cost(frame: bytes) -> int:
    """Return what it costs to let a frame wait."""
    return len(frame) + _OVERHEAD


def adopt(fd: int) -> socket.socket:
    """Return the socket behind a dup of `fd`. Raises OSError for what is no unix stream."""
    copy = os.dup(fd)
    try:
        sock = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        sock.close()
        raise OSError("no mailbox")
    return sock


class Mailbox:
    """One process that listens."""

    def __init__(
        self, loop: Loop, sock: socket.socket, pid: int, on_end: Callable[[Mailbox], None]
    ) -> None:
        """Take over the master's end of a stream socket pair."""
        self.pid = pid
        self.hears: set[str] = set()
        """What the process listens for."""
        self.waiting = 0
        """What its queue costs."""
        self._loop = loop
        self._sock = sock
        self._on_end = on_end
        self._queue: deque[bytes] = deque()
        self._sent = 0
        """Bytes of the first in the queue that the process has."""
        self._blocked = False
        sock.setblocking(False)
        self._watch(0)

    def _watch(self, events: int) -> None:
        self._loop.watch(self._sock.fileno(), select.EPOLLRDHUP | events, self._on_event)

    def _on_event(self, events: int) -> None:
        if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
            self.end()
        else:
            self._flush()

    def has_room(self, frame: bytes) -> bool:
        """True if one more message may wait here."""
        return self.waiting + cost(frame) <= ROOM

    def put(self, frame: bytes) -> None:
        """Send a frame, or queue what the process does not take at once."""
        self._queue.append(frame)
        self.waiting += cost(frame)
        if len(self._queue) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._queue:
            rest = memoryview(self._queue[0])[self._sent :]
            try:
                self._sent += self._sock.send(rest, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self._blocked = True
                return self._watch(select.EPOLLOUT)
            except OSError:
                return self.end()
            if self._sent == len(self._queue[0]):
                self._sent = 0
                self.waiting -= cost(self._queue.popleft())
        if self._blocked:
            self._blocked = False
            self._watch(0)

    def let_go(self) -> None:
        """Close what a forked child has inherited of it; it goes on in the parent."""
        self._sock.close()

    def end(self) -> None:
        """Close it: the process has gone, or another mailbox takes its place."""
        if self._sock.fileno() >= 0:
            self._loop.forget(self._sock.fileno())
            self._sock.close()
            self._queue.clear()
            self._on_end(self)


@dataclass(eq=False)
class Shelf:
    """The mail of one worker: a mailbox for each of its processes that listens, by pid."""

    boxes: dict[int, Mailbox] = field(default_factory=dict)
    kept: deque[bytes] = field(default_factory=deque)
    """Messages for a worker of which no process listens for them yet."""
    kept_cost: int = 0
    dropped: int = 0
    """How many of those were too old to be kept."""

    def listening(self, what: str) -> list[Mailbox]:
        """Return the mailboxes of the processes that listen for something."""
        return [box for box in self.boxes.values() if what in box.hears]

    def keep(self, frame: bytes) -> None:
        """Keep a message until somebody listens; the oldest give way."""
        self.kept.append(frame)
        self.kept_cost += cost(frame)
        while self.kept_cost > KEPT and len(self.kept) > 1:
            self.kept_cost -= cost(self.kept.popleft())
            self.dropped += 1

    def take(self) -> list[bytes]:
        """Return what was kept, and keep it no longer."""
        frames = list(self.kept)
        self.kept.clear()
        self.kept_cost = 0
        return frames
