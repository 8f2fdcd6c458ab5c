"""One worker's channel for one listener: what was sent and not yet taken."""

from __future__ import annotations

import _socket
import array
import contextlib
import errno
import fcntl
import os
import socket
import struct
from collections import deque
from collections.abc import Callable

CONNECTION = b"C"
MOVED = b"M"
PROBE = b"P"
WAKE = b"W"
"""First bytes of messages; `pm.worker.sockets.listening` reads them."""

PATIENCE = 0.020
"""Seconds that a connection may lie with a worker that takes none."""
LONGEST_WAIT = 0.100
"""Seconds that it may lie with one that is only slow."""
STARVED_WAIT = 1.0
"""Seconds that it may lie with one that gets no core: the others get none either."""
_LOOK = 0.005
"""Seconds between two looks at a worker that is late."""

_SIZE = 96
"""All messages are of one length, so that SIOCOUTQ counts them."""
_SIOCOUTQ = 0x5411
_NOW = int(socket.MSG_DONTWAIT)
_PULL = int(socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
_pack = struct.Struct("i").pack
_SPACE = socket.CMSG_SPACE(4)
_FULL = (errno.EAGAIN, errno.ETOOMANYREFS, errno.ENOBUFS)

Undelivered = tuple[int, bytes]
"""A connection's fd, and the message that goes with it: CONNECTION or MOVED, peer's address."""


def _unread(sock: _socket.socket, answer: array.array[int]) -> int:
    fcntl.ioctl(sock.fileno(), _SIOCOUTQ, answer)
    return answer[0]


def _calibrate() -> int:
    """Return what one message counts in SIOCOUTQ (the kernel's bookkeeping size)."""
    ours, theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(PROBE.ljust(_SIZE, b"\0"))
    size = _unread(ours, array.array("i", [0]))
    ours.close()
    theirs.close()
    return size


class Lane:
    """The master's end of a hand-off channel, and a dup of the worker's end."""

    unit = _calibrate()

    def __init__(self, used: Callable[[], float | None] = lambda: None) -> None:
        self._used = used
        """CPU seconds that the worker has used, if it runs or waits for a core; None if not."""
        self._looked: tuple[float, float | None] = (0.0, None)
        """When that was asked last, and the answer."""
        self._mark = (0.0, 0.0)
        """When it was first looked at while a connection lay there, and what it had used then."""
        self.ours, self.theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.theirs.shutdown(socket.SHUT_WR)  # a send on it is EPIPE, as on a listener
        self._answer = array.array("i", [0])
        self.given: deque[float] = deque()
        """When each undelivered connection was sent (monotonic seconds)."""
        self.window = 1 << 16
        """Most that it may hold: small after it was late, doubled each time it has taken all."""
        self.taken = 0.0
        """When the worker was last seen to have taken one."""
        self.accepting = False
        """The worker has taken its last probe: it does call accept()."""
        self.holders: set[int] = set()
        """Processes of the worker that have bound it: it and children of its own."""
        self.shared = False
        """The worker accepts by itself: it gets no connections here, only the other messages."""
        self.entered = False
        """The worker is ready: it is in the rotation whenever it is accepting."""

    def give(self, connection: Undelivered, now: float) -> bool:
        """Send a connection; False if the channel takes no more now."""
        fd, text = connection
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _pack(fd))]
        try:
            self.ours.sendmsg([text.ljust(_SIZE, b"\0")], rights, _NOW)
        except OSError as error:
            if error.errno in _FULL:
                return False
            raise
        self.given.append(now)
        return True

    def send(self, kind: bytes) -> None:
        """Send a message without a connection; a full channel needs no further one."""
        with contextlib.suppress(BlockingIOError):
            self.ours.send(kind.ljust(_SIZE, b"\0"), _NOW)

    def pending(self, now: float) -> int:
        """Return how many messages the worker has not read, and forget the times of the others."""
        count = _unread(self.ours, self._answer) // self.unit
        if len(self.given) > count:
            self.taken = now
        while len(self.given) > count:
            self.given.popleft()
        return count

    def fill(self, queue: deque[Undelivered], now: float) -> None:
        """Send what is queued, as far as there is room."""
        while queue and self.give(queue[0], now):
            os.close(queue.popleft()[0])

    def held(self, now: float) -> int:
        """Return how many connections lie here, not taken yet."""
        if self.given:
            self.pending(now)
        return len(self.given)

    def has_room(self, depth: int, now: float) -> bool:
        """True if it holds less than `depth` connections, or than its window, once it was late."""
        room = min(depth, self.window)
        if len(self.given) < room:
            return True
        self.pending(now)
        if self.given or self.window >= depth:
            return len(self.given) < room
        self.window *= 2
        return True

    def is_late(self, now: float) -> bool:
        """True if it holds a connection for too long.

        A worker that still takes connections, or is ready to run and waits for a core, is slow,
        not stuck: it is given until `LONGEST_WAIT`, and until `STARVED_WAIT` if it hardly gets
        a core meanwhile.
        """
        if not self.given or now - self.given[0] < PATIENCE:
            return False
        self.pending(now)
        waited = now - self.given[0] if self.given else 0.0
        if waited < PATIENCE or waited >= STARVED_WAIT:
            return waited >= STARVED_WAIT
        used = self._used_by(now)
        starves = used is not None and self._starves(used, now)
        if waited >= LONGEST_WAIT:
            return not starves
        return used is None and now - self.taken >= PATIENCE

    def _used_by(self, now: float) -> float | None:
        """Ask once in a while: a look at a process with many threads takes a millisecond."""
        if now - self._looked[0] >= _LOOK:
            self._looked = (now, self._used())
        return self._looked[1]

    def _starves(self, used: float, now: float) -> bool:
        """True if it got a core for less than half of the time since the first look at it."""
        since, before = self._mark
        if since < self.given[0]:
            self._mark = (now, used)
            return True
        return used - before < max(PATIENCE, (now - since) / 2)

    def left_by(self, pid: int) -> bool:
        """Take note that a process has closed it; True if another that bound it still lives."""
        self.holders.discard(pid)
        return any(os.path.exists(f"/proc/{other}") for other in self.holders)

    def pull_back(self) -> list[Undelivered]:
        """Take back every connection that the worker has not read, in order."""
        pulled = []
        while True:
            try:
                data, extra, _, _ = self.theirs.recvmsg(_SIZE, _SPACE, _PULL)
            except BlockingIOError:
                break
            if extra:
                (fd,) = struct.unpack("i", extra[0][2][:4])
                pulled.append((fd, data))
        self.given.clear()
        return pulled

    def close(self) -> None:
        """Close both ends; what was undelivered must have been pulled back."""
        self.ours.close()
        self.theirs.close()


def drop(connections: list[Undelivered]) -> None:
    """Close connections that nobody will serve."""
    for fd, _ in connections:
        os.close(fd)
