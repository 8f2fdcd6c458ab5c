"""The patch of `socket.socket`: bind and listen go to the master, accept takes from it.

AF_INET and AF_INET6 stream sockets with a fixed port are taken at bind(), and port 0 at
listen(); unix stream sockets (`names`) and UDP sockets (`datagrams`) at bind(); everything else
is the app's own. Installed before any module of the app is imported, so that nobody has copied
the originals.
"""

from __future__ import annotations

import _socket
import errno
import os
import socket
import sys

from .. import here
from ..link import RAW
from . import channels, connection, datagrams, listening, names, talking

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_INTERNAL = ("multiprocessing.connection",)
"""Modules whose port-0 listeners belong to one process: their objects live there."""
_MANAGERS = "multiprocessing.managers"
"""The module whose listeners do so whatever their port."""

_RECEIVING = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into")
"""What would take a connection out of a hand-off channel, unseen."""

exclusive: set[int] = set()
"""Ports that every worker binds for itself."""


def install() -> None:
    """Patch what is in no class; once, before the app's first import."""
    _patch_sendfile()
    names.install()


def adapt(module: Any) -> None:
    """Patch the class of the socket module, or of a second copy of it (eventlet has one)."""
    patch(module.socket)
    module.socket.accept = _accept
    module.socket._real_close = _real_close


def patch(sockets: type[RAW]) -> None:
    """Patch what is the same in all classes of sockets: all but accept and close."""
    for name, method in _METHODS.items():
        setattr(sockets, name, method)
    sockets.__init__ = _recognizing(sockets.__init__)  # type: ignore[method-assign]


def _is_stream(sock: socket.socket) -> bool:
    # & 0xf: the type may carry SOCK_NONBLOCK and SOCK_CLOEXEC
    return (sock.type & 0xF) == socket.SOCK_STREAM


def _taken(sock: socket.socket, port: object) -> bool:
    return (
        here.link is not None
        and isinstance(port, int)
        and sock.family in _INTERNET
        and port not in exclusive
        and (_is_stream(sock) or datagrams.is_shareable(sock))
        and listening.find(sock) is None
    )


def _recognizing(plain: Callable[..., None]) -> Callable[..., None]:
    def __init__(
        self: RAW, family: int = -1, type: int = -1, proto: int = -1, fileno: Any = None
    ) -> None:
        plain(self, family, type, proto, fileno)
        if fileno is not None:
            channels.recognize(self)

    return __init__


def _bind(self: socket.socket, address: Any, /) -> None:
    if self.family == socket.AF_UNIX:
        return _bind_unix(self, address)
    port = address[1] if isinstance(address, tuple) and len(address) >= 2 else None
    if not port or not _taken(self, port) or not _well_formed(self, address):
        return RAW.bind(self, address)
    if not _is_stream(self):
        return datagrams.bind(self, _resolve(self, address))
    if RAW.getsockname(self)[1] or _is_managers():  # bound already: the kernel says EINVAL
        return RAW.bind(self, address)
    host = _resolve(self, address)
    base = (int(self.family), *host[:2])  # as keys have it
    message: dict[str, object] = {
        "do": "bind",
        "family": int(self.family),
        "address": list(host),
    }
    return listening.ask(self, message, base)


def _is_managers() -> bool:
    """True if bind() has been called for a manager of multiprocessing."""
    if _MANAGERS not in sys.modules:
        return False
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in _INTERNAL:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_globals.get("__name__") == _MANAGERS


def _bind_unix(sock: socket.socket, address: Any) -> None:
    if listening.find(sock) is not None:  # bound already; the channel itself could be bound
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    if here.link is None or (sock.type & 0xF) != socket.SOCK_STREAM:
        return RAW.bind(sock, address)
    return names.bind(sock, address)


def _well_formed(sock: socket.socket, address: tuple[Any, ...]) -> bool:
    return len(address) == 2 or (sock.family == socket.AF_INET6 and len(address) <= 4)


def _resolve(sock: socket.socket, address: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the numeric address; raises what bind() would for one it cannot take."""
    host, port, *rest = address
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("idna")
    if not isinstance(host, str):
        raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")
    if not 0 < port <= 65535:
        raise OverflowError("bind(): port must be 0-65535.")
    if host in ("", "<broadcast>"):
        wild = "::" if sock.family == socket.AF_INET6 else "0.0.0.0"
        host = "255.255.255.255" if host else wild
    # bytes, and the C function: the name as bind(2) would resolve it, without the codec for others
    name = host.encode("ascii") if host.isascii() else host
    found = _socket.getaddrinfo(name, port, sock.family, socket.SOCK_STREAM)[0][4]
    if sock.family == socket.AF_INET6:
        return (found[0], port, *([*list(rest), 0, 0])[:2])
    return (found[0], port)


def _listen(self: socket.socket, backlog: int = -1, /) -> None:
    entry = listening.find(self)
    if entry is None:
        if not _taken(self, 0) or not _is_stream(self) or not _shareable(self):
            return RAW.listen(self) if backlog == -1 else RAW.listen(self, backlog)
        host = RAW.getsockname(self)[0]
        base = (int(self.family), host, 0)
        message: dict[str, object] = {
            "do": "adopt",
            "family": int(self.family),
            "address": [host, 0],
        }
        listening.ask(self, message, base)
        entry = listening.find(self)
        assert entry is not None
    return listening.listen(entry, 128 if backlog == -1 else backlog)


def _shareable(sock: socket.socket) -> bool:
    """True if a socket without a fixed port may become a listener of all workers."""
    if sys._getframe(2).f_globals.get("__name__") in _INTERNAL:
        return False
    if RAW.getsockname(sock)[1] in exclusive:
        return False
    return not RAW.getsockopt(sock, socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def _accept(self: socket.socket) -> tuple[socket.socket, Any]:
    entry = listening.find(self)
    if entry is None:
        return connection.plain_accept(self)
    return listening.accept(self, entry)


def _connect(self: socket.socket, address: Any, /) -> None:
    _become_client(self)
    return RAW.connect(self, address)


def _connect_ex(self: socket.socket, address: Any, /) -> int:
    _become_client(self)
    return RAW.connect_ex(self, address)


def _become_client(sock: socket.socket) -> None:
    entry = listening.find(sock)
    if entry is not None and not entry.listens and entry.first:
        listening.give_back(sock, entry)


def _getsockname(self: socket.socket) -> Any:
    entry = listening.find(self)
    if entry is None:
        return RAW.getsockname(self)
    return entry.name or entry.parked.getsockname()


def _getpeername(self: socket.socket) -> Any:
    if listening.find(self) is not None:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
    return RAW.getpeername(self)


def _getsockopt(self: socket.socket, *args: Any) -> Any:
    entry = listening.find(self)
    if entry is None:
        return RAW.getsockopt(self, *args)
    if args[:2] == (socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return int(entry.listens)
    return entry.parked.getsockopt(*args)


def _setsockopt(self: socket.socket, *args: Any) -> None:
    entry = listening.find(self)
    if entry is None:
        return datagrams.set_option(self, *args)
    return entry.parked.setsockopt(*args)


def _not_connected(plain: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: socket.socket, *args: Any) -> Any:
        if listening.find(self) is not None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return plain(self, *args)

    method.__name__ = plain.__name__
    return method


def _shutdown(self: socket.socket, how: int, /) -> None:
    entry = listening.find(self)
    if entry is None:
        RAW.shutdown(self, how)
    else:
        listening.shut(entry)


def closing(sock: RAW) -> None:
    """Tell the master of a socket that is about to be closed what it has to know."""
    listening.closing(sock)
    datagrams.closing(sock)
    talking.ended(sock.fileno())


def _real_close(self: socket.socket, _ss: Any = RAW) -> None:
    if self.fileno() >= 0:
        closing(self)
    _ss.close(self)


_METHODS: dict[str, Callable[..., Any]] = {
    "bind": _bind,
    "listen": _listen,
    "connect": _connect,
    "connect_ex": _connect_ex,
    "getsockname": _getsockname,
    "getpeername": _getpeername,
    "getsockopt": _getsockopt,
    "setsockopt": _setsockopt,
    "shutdown": _shutdown,
    **{name: _not_connected(getattr(RAW, name)) for name in _RECEIVING},
}
"""What a class of sockets needs to listen by way of the master, but for accept and close."""


def _nobody() -> None:
    """Stand in for a reference to a connection that is not ours."""


def _patch_sendfile() -> None:
    """Let the conversation know of what os.sendfile sends (asyncio's and socket's fast path)."""
    plain = os.sendfile

    def sendfile(out_fd: int, *args: Any, **kwargs: Any) -> int:
        conn = talking.live.get(out_fd, _nobody)()
        if conn is None:
            return plain(out_fd, *args, **kwargs)
        conn.refuse_if_moved()
        count = plain(out_fd, *args, **kwargs)
        conn.sent_unseen(count)
        return count

    os.sendfile = sendfile
