"""A connection that is followed: the socket's methods, which take note of what passes.

When the worker drains, a read that would begin a request hands the connection to the master
instead and reads as end of file; the next worker gets it with its unread bytes.
"""

from __future__ import annotations

import socket

from .. import board, here
from ..link import RAW
from . import waiting
from .conversation import IDLE, OPEN
from .talking import Talking

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable


class Followed(Talking):
    """A connected TCP socket handed over by the master; the base of what apps hold."""

    __slots__ = ()

    # The C methods straight away: these need no look at the listeners that `shim` keeps.
    getsockname = RAW.getsockname
    getpeername = RAW.getpeername
    getsockopt = RAW.getsockopt
    setsockopt = RAW.setsockopt

    def _read(self, method: Callable[..., Any], flags: int, *args: Any) -> Any:
        """Call a receiving method of the C class; None if the connection has moved.

        A read that would begin a request also waits for the drain, and then moves it.
        """
        if self.moved:
            return None
        page = self.page
        if page is None or self._talk.state not in (OPEN, IDLE):
            return method(self, *args)
        timeout = self.gettimeout()
        waits = timeout != 0.0 and not flags & socket.MSG_DONTWAIT and here.drain_fd >= 0
        if waits and timeout is None and waiting.has_limit(self):
            waits = False
        if waits and timeout is None and not flags and not page[0]:
            try:
                return waiting.read_briefly(self, method, args)
            except BlockingIOError:
                pass
        if waits and not page[0] and self.page is not None:
            waiting.wait(self, timeout)
        if self.page is None:  # closed meanwhile by another thread: the read finds the end
            return None
        if page[0] == board.HAND_OVER and self.move():
            return None
        return method(self, *args)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive as socket.recv does."""
        if not bufsize:
            return RAW.recv(self, bufsize, flags)
        data: bytes | None = self._read(RAW.recv, flags, bufsize, flags)
        if data is None:
            return b""
        if not flags & socket.MSG_PEEK:
            self.received(data)
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive as socket.recv_into does."""
        count: int = self._read(RAW.recv_into, flags, buffer, nbytes, flags) or 0
        if count and not flags & socket.MSG_PEEK:
            self.received(_octets(buffer)[:count])
        return count

    def recvmsg(self, bufsize: int, ancbufsize: int = 0, flags: int = 0) -> Any:
        """Receive as socket.recvmsg does."""
        result = self._read(RAW.recvmsg, flags, bufsize, ancbufsize, flags)
        if result is None:
            return b"", [], 0, None
        if not flags & socket.MSG_PEEK:
            self.received(result[0])
        return result

    def send(self, data: Any, flags: int = 0) -> int:
        """Send as socket.send does."""
        self.refuse_if_moved()
        try:
            count = RAW.send(self, data, flags)
        except BlockingIOError:
            self.sent(b"", more=True)
            raise
        if type(data) is bytes and count == len(data):
            self.sent(data)
        else:
            whole = _octets(data)
            self.sent(whole[:count], count < len(whole))
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send as socket.sendall does."""
        self.refuse_if_moved()
        RAW.sendall(self, data, flags)
        self.sent(data if type(data) is bytes else _octets(data))

    def sendmsg(self, buffers: Any, *rest: Any) -> int:
        """Send as socket.sendmsg does."""
        self.refuse_if_moved()
        pieces = list(buffers)
        try:
            count = left = RAW.sendmsg(self, pieces, *rest)
        except BlockingIOError:
            self.sent(b"", more=True)
            raise
        for piece in pieces:
            whole = _octets(piece)
            view = whole[:left]
            left -= len(view)
            self.sent(view, len(view) < len(whole))
        return count

    def recvfrom(self, *args: Any) -> Any:
        """Receive as socket.recvfrom does, unseen: nobody speaks HTTP with it."""
        self.be_blind()
        return RAW.recvfrom(self, *args)

    def recvfrom_into(self, *args: Any) -> Any:
        """Receive as socket.recvfrom_into does, unseen."""
        self.be_blind()
        return RAW.recvfrom_into(self, *args)

    def recvmsg_into(self, *args: Any) -> Any:
        """Receive as socket.recvmsg_into does, unseen."""
        self.be_blind()
        return RAW.recvmsg_into(self, *args)

    def sendto(self, *args: Any) -> int:
        """Send as socket.sendto does, unseen."""
        self.refuse_if_moved()
        self.be_blind()
        return RAW.sendto(self, *args)

    def settimeout(self, value: float | None) -> None:
        """Set the timeout; not on a moved connection: O_NONBLOCK belongs to the next worker."""
        if not self.moved:
            RAW.settimeout(self, value)

    def setblocking(self, flag: bool) -> None:
        """Set the blocking mode; not on a moved connection."""
        if not self.moved:
            RAW.setblocking(self, flag)

    def shutdown(self, how: int) -> None:
        """Shut down as socket.shutdown does; on a moved connection do nothing."""
        if not self.moved:
            RAW.shutdown(self, how)


def _octets(data: Any) -> memoryview:
    view = memoryview(data)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")
