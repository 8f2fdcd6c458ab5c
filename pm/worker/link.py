"""The worker's line to its master: one message, one answer, from any thread or forked child.

A SOCK_SEQPACKET end, so a message is whole or not there. Every question carries its own reply
socket: there is no order to keep and nothing to lock. The C class of the socket module is used
throughout: what an app or gevent does to `socket.socket` does not reach it.
"""

from __future__ import annotations

import _socket
import array
import fcntl
import json
import os
import socket
import struct

RAW = _socket.socket
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


def park(fd: int) -> int:
    """Move `fd` to a high number, closed on exec; return the new number."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _PARKED)
    except OSError:  # RLIMIT_NOFILE is below that: any number will do
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return high


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
        self._sock.close()

    def tell(self, message: dict[str, object], fds: list[int]) -> None:
        """Send a message; raises OSError if the master is gone."""
        self._sock.sendmsg([json.dumps(message).encode()], rights(fds) if fds else [])

    def ask(
        self, message: dict[str, object], fds: list[int]
    ) -> tuple[dict[str, object], list[int]]:
        """Send a message and wait for its answer.

        Raises OSError with the errno that the master answers, EPIPE if it is gone.
        """
        here, there = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.tell(message, [there.fileno(), *fds])
            there.close()
            here.settimeout(None)
            raw, ancillary, _, _ = here.recvmsg(1 << 12, _SPACE, _FLAGS)
        finally:
            here.close()
            there.close()
        if not raw:
            raise BrokenPipeError(32, "the master is gone")
        answer: dict[str, object] = json.loads(raw)
        errno = answer.get("errno")
        if isinstance(errno, int) and errno:
            raise OSError(errno, os.strerror(errno))
        return answer, received_fds(ancillary)
