"""TLS of Python's ssl module: what goes through it in the clear is followed, as plain sockets are.

A session cannot move to another process. So a worker that drains adds `Connection: close` to its
next answer on each connection (RFC 9112, 9.6: the header is the connection's, not the app's), and
the app then finds end of file there. Nobody who keeps asking loses a request.
"""

from __future__ import annotations

import _weakref
import os
import sys

from .. import board, here
from ..sockets.conversation import BUSY, CLOSING, Conversation

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_CLOSE = b"Connection: close"
_LONGEST_STATUS = 256
_in_memory: set[int] = set()
"""Sessions without a connection of their own in which a request is under way."""
_OWN = ("_fd", "_outgoing", "_shown", "_talk", "_tells", "_tls", "_told", "_unfinished")
_AGAIN = 0.005
"""Seconds until it is looked again whether all has left a session."""


def adapt(module: Any) -> None:
    """Follow the sessions of servers: over a socket, or in memory (asyncio, uvloop, trio)."""
    context = module.SSLContext
    over_socket, over_memory = context._wrap_socket, context._wrap_bio

    def _wrap_socket(self: Any, sock: Any, server_side: bool, *args: Any, **named: Any) -> Any:
        plain = over_socket(self, sock, server_side, *args, **named)
        return Session(plain, sock.fileno()) if server_side and here.link else plain

    def _wrap_bio(
        self: Any, incoming: Any, outgoing: Any, server_side: bool, *args: Any, **named: Any
    ) -> Any:
        plain = over_memory(self, incoming, outgoing, server_side, *args, **named)
        return Session(plain, outgoing=outgoing) if server_side and here.link else plain

    context._wrap_socket, context._wrap_bio = _wrap_socket, _wrap_bio


class Session:
    """A server's end of a TLS session. It stands before the C object, whose class has no heirs."""

    __slots__ = (*_OWN, "__weakref__")

    def __init__(self, tls: Any, fd: int = 0, outgoing: Any = None) -> None:
        self._tls = tls
        self._outgoing = outgoing
        """What it has written and its connection has not got yet, if it is kept in memory."""
        page = here.page
        seen = page is not None and 0 < fd < board.SIZE and page[fd] == board.BLIND
        self._fd = fd if seen else 0
        """Where its state is shown; 0: nobody knows to which connection it belongs."""
        self._talk = Conversation()
        self._shown = board.BLIND
        self._told = False
        """The client has been told that the connection closes."""
        self._tells = False
        self._unfinished = False
        """A write has to be repeated, with the same bytes (SSL_write(3))."""

    def __del__(self) -> None:
        if id(self) in _in_memory:
            self._show(board.NONE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._tls, name, value)

    def read(self, size: int = 1024, *buffer: Any) -> Any:
        """Read as the C object does; end of file once the client knows that there is no more."""
        if self._told and self._talk.state == CLOSING:
            return 0 if buffer else b""
        result = self._tls.read(size, *buffer)
        if size:
            self._talk.received(memoryview(buffer[0]).cast("B")[:result] if buffer else result)
            self._show(self._talk.state)
        return result

    def write(self, data: Any) -> int:
        """Write as the C object does."""
        if not self._unfinished:
            self._tells = _leaves() and self._talk.answers_last and _is_answer(data)
        self._unfinished = True
        goes = _telling(data) if self._tells else data
        count: int = self._tls.write(goes)
        self._unfinished = False
        whole = type(goes) is bytes and count == len(goes)
        self._talk.sent(goes if whole else memoryview(goes).cast("B")[:count])
        self._show_written()
        if self._tells:
            self._told = True
            count -= len(goes) - memoryview(data).nbytes
        return count

    def _show_written(self) -> None:
        """Show the state once what has been written is the connection's.

        An event loop takes it from the session after the write, in the same step or later.
        """
        loop = _running_loop() if self._outgoing is not None and self._shown == BUSY else None
        if loop is None or self._talk.state == BUSY:
            self._show(self._talk.state)
        else:
            loop.call_soon(_look_written, loop, _weakref.ref(self))

    def look_written(self, loop: Any) -> None:
        """Show the state, or look again if something waits in the session."""
        if self._outgoing.pending:
            loop.call_later(_AGAIN, _look_written, loop, _weakref.ref(self))
        else:
            self._show(self._talk.state)

    def shutdown(self) -> Any:
        """End the session; what comes after it on the connection is not seen."""
        self._show(board.BLIND if self._fd else board.NONE)
        self._fd = 0
        return self._tls.shutdown()

    def _show(self, state: int) -> None:
        if state == self._shown:
            return
        self._shown = state
        page = here.page
        if page is None:
            return
        if self._fd:
            page[self._fd] = state
        else:
            (_in_memory.add if state == BUSY else _in_memory.discard)(id(self))
            board.show_sessions(page, bool(_in_memory))
        if page[0]:
            here.say({"do": "quiet"})


def _running_loop() -> Any:
    asyncio = sys.modules.get("asyncio")
    return asyncio._get_running_loop() if asyncio is not None else None


def _look_written(loop: Any, reference: Any) -> None:
    session = reference()
    if session is not None:
        session.look_written(loop)


def _leaves() -> bool:
    """True if the master has begun to drain this worker."""
    return here.page is not None and here.page[0] != board.SERVE


def _is_answer(data: Any) -> bool:
    """True if `data` begins with the status line of a final response."""
    start = bytes(memoryview(data).cast("B")[:_LONGEST_STATUS])
    return (
        start[:7] == b"HTTP/1." and start[8:9] == b" " and start[9:10] > b"1" and b"\r\n" in start
    )


def _telling(data: Any) -> bytes:
    """Return a response with `Connection: close`, in the place of what it says of that itself.

    Where its head comes in pieces, it is the first of the headers.
    """
    head, end, body = bytes(data).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    if end:
        lines = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join((status, _CLOSE, *lines)) + end + body


os.register_at_fork(after_in_child=_in_memory.clear)
