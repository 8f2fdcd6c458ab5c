"""UDP sockets with a fixed port: one for all workers of the app, bound by the master.

A socket with SO_REUSEPORT stays the app's own: the kernel spreads its packets by the client.
"""

from __future__ import annotations

import errno
import os
import socket

from .. import here
from ..link import RAW
from . import openfds
from .replacing import replace

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

KEY = "udp"
"""How the keys of such sockets begin."""
_UDP = (0, socket.IPPROTO_UDP)
_MEMBERSHIPS = (
    (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP),
    (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP),
)

_ours: dict[int, tuple[str, int]] = {}
"""Key and process that bound it, by inode."""


def is_shareable(sock: RAW) -> bool:
    """True for a UDP socket that is not bound and does not share its port by itself."""
    return (
        here.link is not None
        and sock.type & 0xF == socket.SOCK_DGRAM
        and sock.proto in _UDP
        and not RAW.getsockopt(sock, socket.SOL_SOCKET, socket.SO_REUSEPORT)
        and not RAW.getsockname(sock)[1]
    )


def bind(sock: RAW, address: tuple[Any, ...]) -> None:
    """Bind a socket, or put the app's, bound by another worker, under its fd.

    A second one in this process is its own: the kernel knows whether both may have the port
    (SO_REUSEADDR). Raises OSError with the master's errno, or as bind(2).
    """
    assert here.link is not None
    message: dict[str, object] = {
        "do": "datagram",
        "family": int(sock.family),
        "address": list(address),
    }
    answer, fds = here.link.ask(message, [sock.fileno()])
    key = str(answer["key"])
    for shared in fds:
        try:
            if _ours.get(os.fstat(shared).st_ino) == (key, os.getpid()):
                return RAW.bind(sock, address)
            os.set_blocking(shared, sock.gettimeout() is None)
            replace(sock.fileno(), shared)
        finally:
            os.close(shared)
    _ours[os.fstat(sock.fileno()).st_ino] = key, os.getpid()


def closing(sock: RAW) -> None:
    """Tell the master if this was the last fd of such a socket, in the process that bound it."""
    inode = os.fstat(sock.fileno()).st_ino if _ours else 0
    key, pid = _ours.get(inode, ("", 0))
    if pid != os.getpid() or len(openfds.fds_of(inode)) > 1:
        return
    del _ours[inode]
    try:
        if here.link is not None:
            here.link.tell({"do": "no-datagram", "key": key}, [])
    except OSError:  # no master: nothing to be told
        pass


def set_option(sock: RAW, *args: Any) -> None:
    """Set an option; a multicast group that another worker has joined with this socket is joined.

    Raises OSError as setsockopt(2).
    """
    try:
        RAW.setsockopt(sock, *args)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or args[:2] not in _MEMBERSHIPS:
            raise
        if os.fstat(sock.fileno()).st_ino not in _ours:
            raise
