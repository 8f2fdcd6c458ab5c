"""uvloop: its servers accept in C; here they accept from the hand-off channel, in Python.

`create_server` and `create_unix_server` are asyncio's own, which need of a loop only what is lent
to it below; each accepted connection is then uvloop's again (`connect_accepted_socket`).
"""

from __future__ import annotations

import asyncio
import errno
import sys
from asyncio.base_events import BaseEventLoop
from asyncio.unix_events import _UnixSelectorEventLoop

from .. import here
from ..sockets.connection import Connection
from . import transports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRANSIENT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE = 1.0  # asyncio's own, when it is out of fds
_LENT = ("_create_server_getaddrinfo", "_ensure_resolved")


def adapt(uvloop: Any) -> None:
    """Let uvloop's loops serve what the master hands over."""
    loop = uvloop.Loop
    for name in _LENT:
        setattr(loop, name, getattr(BaseEventLoop, name))
    loop._debug = property(loop.get_debug)
    loop._start_serving = _start_serving
    loop._stop_serving = _stop_serving
    native = loop.create_server
    native_unix = loop.create_unix_server
    native_tls = loop.start_tls

    async def create_server(self: Any, *args: Any, **kwargs: Any) -> Any:
        if here.link is None:
            return await native(self, *args, **kwargs)
        return await BaseEventLoop.create_server(self, *args, **kwargs)

    async def create_unix_server(self: Any, *args: Any, **kwargs: Any) -> Any:
        if here.link is None:
            return await native_unix(self, *args, **kwargs)
        kwargs.pop("cleanup_socket", None)
        if sys.version_info >= (3, 13):
            kwargs["cleanup_socket"] = False  # the file stays with the app's listener
        return await _UnixSelectorEventLoop.create_unix_server(self, *args, **kwargs)

    async def start_tls(self: Any, transport: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(transport, transports.Transport):
            transport = transport.unfollowed()
        return await native_tls(self, transport, *args, **kwargs)

    loop.create_server = create_server
    loop.start_tls = start_tls
    loop.create_unix_server = create_unix_server
    loopwait = sys.modules.get(f"{__name__.rpartition('.adapters.')[0]}.messages.loopwait")
    if loopwait is not None:  # async callbacks wait for a loop
        loopwait.follow(loop)


def _start_serving(
    self: Any, factory: Any, sock: Any, sslcontext: Any = None, server: Any = None,
    backlog: int = 100, *timeouts: Any,
) -> None:  # fmt: skip
    transports.watch_drain(self)
    self.add_reader(
        sock.fileno(), _accept, self, factory, sock, sslcontext, server, backlog, timeouts
    )


def _stop_serving(self: Any, sock: Any) -> None:
    self.remove_reader(sock.fileno())
    sock.close()


def _accept(
    loop: Any, factory: Any, sock: Any, sslcontext: Any, server: Any, backlog: int, timeouts: Any
) -> None:
    for _ in range(backlog):
        try:
            conn, _address = sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _TRANSIENT:
                raise
            loop.remove_reader(sock.fileno())
            again = (factory, sock, sslcontext, server, backlog, *timeouts)
            loop.call_later(_PAUSE, loop._start_serving, *again)
            return
        conn.setblocking(False)
        loop.create_task(_connect(loop, factory, conn, sslcontext, timeouts))


async def _connect(loop: Any, factory: Any, conn: Any, sslcontext: Any, timeouts: Any) -> None:
    options = {}
    if sslcontext is not None:
        names = ("ssl_handshake_timeout", "ssl_shutdown_timeout")
        options = {"ssl": sslcontext, **dict(zip(names, timeouts))}
    if isinstance(conn, Connection):
        if sslcontext is None:
            factory = transports.following(loop, conn, factory)
        else:
            conn.be_blind()
    try:
        await loop.connect_accepted_socket(factory, conn, **options)
    except (OSError, asyncio.TimeoutError):  # the peer has gone, or its handshake has failed
        conn.close()
