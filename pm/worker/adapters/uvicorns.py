"""uvicorn on uvloop with httptools: asked at the drain whether a connection is between requests.

It keeps count itself of what is begun and what is answered. So nothing of what comes and goes is
looked at while the worker serves, as it is with other servers in `transports`.
"""

from __future__ import annotations

import weakref

from .. import board
from ..sockets.conversation import BUSY, CLOSING, IDLE, OPEN
from .joined import Joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..sockets.connection import Connection

_MODULE = "uvicorn.protocols.http.httptools_impl"
_KNOWN = ("cycle", "pipeline", "scope", "transport")
_AGAIN = 0.005
"""Seconds until it is looked again whether a request has come whole, or an answer has gone."""

_asked: weakref.WeakKeyDictionary[Connection, Asked] = weakref.WeakKeyDictionary()


def ask_later(loop: Any, conn: Connection, protocol: Any) -> bool:
    """Have the drain ask a protocol of uvicorn's; False if it is none that is known."""
    if type(protocol).__module__ != _MODULE or not all(hasattr(protocol, n) for n in _KNOWN):
        return False
    _join_writes(loop, protocol)
    conn.be_blind()
    asked = _asked[conn] = Asked(loop, conn, protocol)
    if conn.page is not None and conn.page[0] != board.SERVE:
        loop.call_soon(asked.rest)
    return True


def drain(loop: Any) -> None:
    """Ask for each connection of a loop."""
    for asked in list(_asked.values()):
        if asked.loop is loop:
            asked.rest()


class Asked:
    """A connection of whose requests uvicorn's protocol keeps count."""

    def __init__(self, loop: Any, conn: Connection, protocol: Any) -> None:
        self.loop = loop
        self._conn = weakref.ref(conn)
        self._protocol = weakref.ref(protocol)
        self._held = False
        """We have paused reading, not uvicorn."""

    def rest(self) -> None:
        """Move the connection if the worker hands over and it is between requests."""
        conn, protocol = self._conn(), self._protocol()
        if conn is None or protocol is None or conn.page is None or conn.moved:
            return
        transport = protocol.transport
        if transport is None or transport.is_closing() or transport.get_protocol() is not protocol:
            return conn.be_blind()  # a WebSocket by now
        state = _state(protocol)
        if state in (OPEN, IDLE) and transport.get_write_buffer_size():
            state = BUSY
        conn.be_told(state)
        moves = conn.page[0] == board.HAND_OVER
        if state == BUSY:
            self._wait(protocol, moves)
        elif moves and conn.move():
            transport.abort()
        elif self._held:
            transport.resume_reading()
            self._held = False

    def _wait(self, protocol: Any, moves: bool) -> None:
        """Look again after the answer; the next request is left in the socket for who reads it."""
        cycle = protocol.cycle
        if not _has_come(protocol) or cycle.response_complete:
            self.loop.call_later(_AGAIN, self.rest)
            return
        if moves and protocol.transport.is_reading():
            self._held = True
            protocol.transport.pause_reading()
        said = cycle.on_response

        def on_response() -> None:
            said()
            self.loop.call_soon(self.rest)

        cycle.on_response = on_response


def _join_writes(loop: Any, protocol: Any) -> None:
    made = protocol.connection_made

    def connection_made(transport: Any) -> None:
        del protocol.connection_made  # else the protocol would hold itself
        made(transport)
        protocol.transport = Joined(loop, transport)

    protocol.connection_made = connection_made


def _state(protocol: Any) -> int:
    """Return what the connection is doing, as `conversation` has it."""
    cycle = protocol.cycle
    if protocol.scope is None:
        return OPEN
    if cycle is None or protocol.scope is not cycle.scope or not cycle.response_complete:
        return BUSY
    # A request that was answered before it had come whole: nobody knows where it ends.
    return IDLE if cycle.keep_alive and not cycle.more_body else CLOSING


def _has_come(protocol: Any) -> bool:
    """True if a request has come whole, and no other after it."""
    cycle = protocol.cycle
    whole = cycle is not None and protocol.scope is cycle.scope and not cycle.more_body
    return whole and not protocol.pipeline
