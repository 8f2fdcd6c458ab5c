"""A connection that is followed: a socket that knows whether it is between requests.

What the app reads and writes goes through a `Conversation`; its state is shown on the board.
When the worker drains, a read that would begin a request hands the connection to the master
instead and reads as end of file; the next worker gets it with its unread bytes.
"""

from __future__ import annotations

import _weakref
import errno
import os
import socket

from . import board, here, waiting
from .conversation import IDLE, OPEN, Conversation, looks_like_request
from .link import RAW

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT

live: dict[int, Callable[[], Followed | None]] = {}
"""Open connections of this process by fd, weakly referenced."""


class _Blind:
    """Stands for a conversation that cannot be followed."""

    state = board.BLIND

    def received(self, data: Any) -> None:
        """Take no note."""

    def waits(self) -> None:
        """Take no note."""

    sent = sent_unseen = received


_BLIND = _Blind()


SLOTS = ("_key", "_peer", "_shown", "_slot", "_talk", "moved", "page")
"""The slots of a class that follows."""


class Followed(RAW):
    """A connected TCP socket handed over by the master; the base of what apps hold.

    Its state is in the slots that a class below declares (`SLOTS`): two bases with slots of
    their own cannot be joined.
    """

    __slots__ = ()

    # The C methods straight away: these need no look at the listeners that `shim` keeps.
    getsockname = RAW.getsockname
    getpeername = RAW.getpeername
    getsockopt = RAW.getsockopt
    setsockopt = RAW.setsockopt

    def watch(self, key: str, peer: bytes) -> None:
        """Begin to follow the conversation; `key` and `peer` go along at a handover."""
        self._key = key
        self._peer = peer
        self._talk: Conversation | _Blind = Conversation()
        self.moved = False
        self.page = here.own_page()
        self._slot = self.fileno()
        self._shown = self._talk.state
        live[self._slot] = _weakref.ref(self)
        if self.page is None or self._slot >= board.SIZE:
            self.page = None
        else:
            board.begin(self.page, self._slot, self._shown)

    @property
    def state(self) -> int:
        """What the connection is doing, as `conversation` has it, or BLIND."""
        return self._talk.state

    def show(self, state: int) -> None:
        """Show a state on the board."""
        self._shown = state
        page = self.page
        if page is not None:
            page[self._slot] = state
            if page[0]:
                here.say({"do": "quiet"})

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
        if waits and not page[0]:
            waiting.wait(self, timeout)
        if page[0] == board.HAND_OVER and self.move():
            return None
        return method(self, *args)

    def move(self) -> bool:
        """Give the connection to the master if it is between requests; True if it is gone."""
        if self.moved or self._talk.state not in (OPEN, IDLE) or here.link is None:
            return self.moved
        try:
            begun = RAW.recv(self, 512, _PEEK) or b"\0" if waiting.readable(self) else b""
            if not looks_like_request(begun):
                return False
        except OSError:
            return False
        message: dict[str, object] = {
            "do": "handover",
            "key": self._key,
            "peer": self._peer.decode("ascii"),
        }
        try:
            here.link.tell(message, [RAW.fileno(self)])
        except OSError:  # no master: the connection stays
            return False
        self.moved = True
        self.show(board.NONE)
        return True

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

    def received(self, data: Any) -> None:
        """Take note of what the app has received."""
        talk = self._talk
        if data:
            talk.received(data)
            if talk.state != self._shown:
                self.show(talk.state)

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

    def refuse_if_moved(self) -> None:
        """Raise EPIPE, as on a connection that the peer has closed: it is another worker's now."""
        if self.moved:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

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

    def sent_unseen(self, count: int) -> None:
        """Take note of `count` bytes that went out past the methods above (sendfile)."""
        self._talk.sent_unseen(count)
        if self._talk.state != self._shown:
            self.show(self._talk.state)

    def sent(self, data: Any, more: bool = False) -> None:
        """Take note of what the app has sent; `more` could not be sent now."""
        talk = self._talk
        talk.sent(data)
        if more:
            talk.waits()
        if talk.state != self._shown:
            self.show(talk.state)

    def shutdown(self, how: int) -> None:
        """Shut down as socket.shutdown does; on a moved connection do nothing."""
        if not self.moved:
            RAW.shutdown(self, how)

    def end(self) -> None:
        """Close the fd, and show that it is gone."""
        slot = RAW.fileno(self)
        live.pop(slot, None)
        RAW.close(self)
        if slot >= 0 and not self.moved:
            self.show(board.NONE)

    def be_blind(self) -> None:
        """Take note that what happens from here on is not seen: it happens in C."""
        self._talk = _BLIND
        self.show(board.BLIND)

    def detach(self) -> int:
        """Give the fd away: from here on nothing is seen (TLS).

        What was blind before has an owner outside Python (uvloop), who gives it away to close it.
        """
        live.pop(RAW.fileno(self), None)
        self.show(board.NONE if self._talk is _BLIND else board.BLIND)
        self.page = None
        return RAW.detach(self)


def ended(fd: int) -> None:
    """Take note that an ordinary socket closes: it may have been given a connection's fd (TLS)."""
    page = here.page
    if page is not None and 0 < fd < board.SIZE and page[fd]:
        page[fd] = board.NONE


def _octets(data: Any) -> memoryview:
    view = memoryview(data)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def living() -> list[Followed]:
    """Return the open connections of this process."""
    return [conn for conn in (reference() for reference in list(live.values())) if conn is not None]
