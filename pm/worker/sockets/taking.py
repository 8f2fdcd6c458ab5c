"""The moment in which a connection is taken: off the hand-off channel, and not on the board yet.

A process may lose its core in it, or a thread wait for the interpreter's lock. Without a word of
it the master would find an idle worker, and stop it.
"""

from __future__ import annotations

import socket
from _thread import _local  # before gevent puts its own in its place

from .. import board, here
from ..link import RAW

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_SPACE = socket.CMSG_SPACE(4)
_FLAGS = socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT
_MESSAGE = 256
_thread = _local()
_numbers = iter(range(1 << 62))


def _number() -> int:
    """Return the number of this thread: no other takes back what it shows."""
    if not hasattr(_thread, "number"):
        _thread.number = next(_numbers)
    number: int = _thread.number
    return number


class Shown:
    """What the board shows of one accept(); nothing any more when that has ended."""

    __slots__ = ("_page", "_thread")

    def __init__(self) -> None:
        self._page = here.own_page()
        self._thread = _number()

    def set(self, taking: bool) -> None:
        """Show whether a connection may have been taken; not while the app waits for one."""
        if self._page is not None:
            board.show_taking(self._page, self._thread, taking)

    def receive(self, sock: RAW) -> tuple[bytes, list[Any]]:
        """Read the next message of a channel, waiting as its socket does; returns fds too.

        Raises BlockingIOError and timeout as recvmsg.
        """
        timeout = sock.gettimeout()
        if timeout:  # python would wait for a message even where it is told not to
            RAW.recv(sock, 1, socket.MSG_PEEK)
        while True:
            self.set(True)
            try:
                return RAW.recvmsg(sock, _MESSAGE, _SPACE, _FLAGS)[:2]
            except BlockingIOError:
                self.set(False)
                if timeout == 0.0:
                    raise
            RAW.recv(sock, 1, socket.MSG_PEEK)

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        self.set(False)
