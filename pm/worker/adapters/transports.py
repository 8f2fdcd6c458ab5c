"""A connection of an event loop in C (uvloop): followed between the loop and the app's protocol.

What comes passes `Follower`, what goes passes `Transport`. So the connection is no longer blind:
it moves to the next worker between requests, and one whose bytes still wait in the loop is busy.
"""

from __future__ import annotations

import asyncio
import weakref

from .. import board, here
from ..sockets.conversation import BUSY, IDLE, OPEN
from . import uvicorns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..sockets.connection import Connection

_AGAIN = 0.005
"""Seconds until the loop is asked again whether all has been sent."""

_open: weakref.WeakSet[Transport] = weakref.WeakSet()


def following(loop: Any, conn: Connection, factory: Callable[[], Any]) -> Callable[[], Any]:
    """Return what makes the protocol that the loop is to be given for a connection."""

    def make() -> Any:
        protocol = factory()
        if uvicorns.ask_later(loop, conn, protocol):
            return protocol
        if isinstance(protocol, asyncio.Protocol):
            return Follower(loop, conn, protocol)
        conn.be_blind()  # it has buffers of its own: what comes is not seen
        return protocol

    return make


def watch_drain(loop: Any) -> None:
    """Have a loop watch the drain signal."""
    if here.drain_fd >= 0 and not getattr(loop, "_pm_watches", False):
        loop._pm_watches = True  # `loops` need not
        loop.add_reader(here.drain_fd, _drain, loop)


def _drain(loop: Any) -> None:
    loop.remove_reader(here.drain_fd)
    for transport in list(_open):
        if transport.loop is loop:
            transport.rest()
    uvicorns.drain(loop)


class Follower(asyncio.Protocol):
    """What the loop takes for the protocol."""

    def __init__(self, loop: Any, conn: Connection, protocol: Any) -> None:
        self._loop = loop
        self._conn = conn
        self._app = protocol
        self._receive = protocol.data_received

    def connection_made(self, transport: Any) -> None:
        """Give the app a transport that is followed."""
        transport = Transport(self._loop, transport, self._conn, self._app)
        _open.add(transport)
        self._app.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take note of what has come."""
        self._conn.received(data)
        self._receive(data)

    def eof_received(self) -> Any:
        """Pass on that the client sends no more."""
        return self._app.eof_received()

    def pause_writing(self) -> None:
        """Pass on that too much waits to be sent."""
        self._app.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it has been sent."""
        self._app.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Let the loop close the connection; what it does then is not seen."""
        self._conn.be_blind()
        self._app.connection_lost(error)


class Transport:
    """What the app takes for the loop's transport."""

    def __init__(self, loop: Any, transport: Any, conn: Connection, protocol: Any) -> None:
        self.loop = loop
        self._plain = transport
        self._write = transport.write
        self._conn = conn
        self._protocol = protocol
        self._held = False
        """We have paused reading, not the app."""
        self.is_closing = transport.is_closing  # servers call it for each request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def write(self, data: Any) -> None:
        """Write as the loop's transport does."""
        self._write(data)
        conn = self._conn
        page = conn.page
        if page is None or conn.moved:
            return
        conn.sent(data if type(data) is bytes else memoryview(data).cast("B"))
        if page[0]:
            self._hold(page[0])
            self.loop.call_soon(self.rest)

    def writelines(self, pieces: Any) -> None:
        """Write as the loop's transport does."""
        self.write(b"".join(pieces))

    def get_protocol(self) -> Any:
        """Return the app's protocol."""
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        """Have another protocol receive what comes: from here on unseen."""
        self.unfollowed().set_protocol(protocol)

    def unfollowed(self) -> Any:
        """Return the loop's transport; the connection is blind from here on."""
        self._conn.be_blind()
        return self._plain

    def rest(self) -> None:
        """Move the connection if the worker hands over and it is between requests."""
        conn, page = self._conn, self._conn.page
        if page is None or conn.state not in (OPEN, IDLE) or self._plain.is_closing():
            return self._release()
        if self._plain.get_write_buffer_size():
            conn.show(BUSY)
            self.loop.call_later(_AGAIN, self.rest)
        elif page[0] == board.HAND_OVER and conn.move():
            self._plain.abort()
        else:
            conn.show(conn.state)
            self._release()

    def _hold(self, mode: int) -> None:
        """Leave the next request in the socket: a busy client is quicker than `rest`."""
        if mode == board.HAND_OVER and self._conn.state == IDLE and self._plain.is_reading():
            self._held = True
            self._plain.pause_reading()

    def _release(self) -> None:
        if self._held and not self._plain.is_closing():
            self._plain.resume_reading()
        self._held = False
