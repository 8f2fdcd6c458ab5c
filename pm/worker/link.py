"""The worker's line to its master: one message, one answer, from any thread or forked child.

A SOCK_SEQPACKET end, so a message is whole or not there. Every question carries its own reply
socket: there is no order to keep and nothing to lock. The C class of the socket module is used
throughout: what an app or gevent does to `socket.socket` does not reach it.
"""

from __future__ import annotations

import _socket
import _thread
import array
import fcntl
import os
import select
import socket
import struct

from . import parcel

RAW = _socket.socket
START, LOCK, POLL = _thread.start_new_thread, _thread.allocate_lock, select.poll
"""As they are before gevent puts its own in their place."""
_SPACE = socket.CMSG_SPACE(4 * 4)
_FLAGS = socket.MSG_CMSG_CLOEXEC
_PARKED = 256
"""Our own fds live from here up, out of the way of the app's (below select's 1024)."""

CONNECTION = ord("C")
"""First byte of a message on a hand-off channel that carries a connection; its peer follows."""
MOVED = ord("M")
"""As CONNECTION, for one that another worker has given back between requests."""
PROBE = ord("P")
"""A message that only shows, by being read, that the worker accepts."""
WAKE = ord("W")
"""A message that ends a blocked accept() with ECONNABORTED: the worker is to stop."""


parked: dict[int, tuple[int, int]] = {}
"""Which files have been parked, by fd: device and inode; some are closed by now."""


def park(fd: int) -> int:
    """Move `fd` to a high number, closed on exec; return the new number."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _PARKED)
    except OSError:  # RLIMIT_NOFILE is below that: any number will do
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    parked[high] = _file_of(high)
    return high


def is_parked(fd: int) -> bool:
    """True for an fd of ours, unless the number is another file's by now."""
    try:
        return fd in parked and parked[fd] == _file_of(fd)
    except (KeyError, OSError):  # closed, by another thread maybe
        return False


def release(fd: int) -> None:
    """Close a parked fd; a file that the app has put there stays."""
    ours = is_parked(fd)
    parked.pop(fd, None)
    if ours:
        os.close(fd)


def _file_of(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def rights(fds: list[int]) -> list[tuple[int, int, bytes]]:
    """Return ancillary data that carry `fds`."""
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))]


def received_fds(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """Return the fds in received ancillary data."""
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % 4])
    return list(fds)


class Link:
    """The worker's end."""

    def __init__(self, fd: int) -> None:
        self._sock = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, park(fd))
        self._sock.setblocking(True)

    def fileno(self) -> int:
        """Return the fd of this end, -1 once closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the line; what is said afterwards raises OSError."""
        release(self._sock.detach())

    def tell(self, message: dict[str, object], fds: list[int], body: bytes = b"") -> None:
        """Send a message; raises OSError if the master is gone."""
        raw, made = parcel.pack(message, body)
        carried = [*fds, *made]
        try:
            self._sock.sendmsg([raw], rights(carried) if carried else [])
        finally:
            for fd in made:
                os.close(fd)

    def question(self, message: dict[str, object], fds: list[int], body: bytes = b"") -> RAW:
        """Send a message with a reply socket; returns the end at which the answer will come.

        Raises OSError if the master is gone.
        """
        here, there = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.tell(message, [there.fileno(), *fds], body)
        except BaseException:
            here.close()
            raise
        finally:
            there.close()
        here.settimeout(None)
        return here

    def ask(
        self, message: dict[str, object], fds: list[int], body: bytes = b""
    ) -> tuple[dict[str, object], list[int]]:
        """Send a message and wait for its answer.

        Raises OSError with the errno that the master answers, EPIPE if it is gone.
        """
        here = self.question(message, fds, body)
        try:
            answer, _, received = take(here)
        finally:
            here.close()
        errno = answer.get("errno")
        if isinstance(errno, int) and errno:
            raise OSError(errno, os.strerror(errno))
        return answer, received


def take(sock: RAW) -> tuple[dict[str, object], bytes, list[int]]:
    """Receive an answer: its head, its body, and the fds that came for the app.

    Raises BrokenPipeError if the master is gone, OSError if what it says makes no sense.
    """
    raw, ancillary, _, _ = sock.recvmsg(parcel.DATAGRAM, _SPACE, _FLAGS)
    fds = received_fds(ancillary)
    if not raw:
        raise BrokenPipeError(32, "the master is gone")
    try:
        head, body = parcel.unpack(raw, fds)
    except parcel.Unfit as error:
        for fd in fds:
            os.close(fd)
        raise OSError(74, f"no answer: {error}") from None
    if "size" in head:
        os.close(fds.pop())
    return head, body, fds
