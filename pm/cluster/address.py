"""Where a worker listens, as the `listening` event tells it."""

from __future__ import annotations

import os
import socket

from ..master.sockets.listeners import Listeners
from ..record import dataclass

_TYPES: dict[int, int] = {int(socket.AF_INET): 4, int(socket.AF_INET6): 6, int(socket.AF_UNIX): -1}
_UDP = {int(socket.AF_INET): "udp4", int(socket.AF_INET6): "udp6"}


@dataclass(frozen=True)
class Address:
    """One listener."""

    address_type: int | str
    """4, 6, or -1 for a unix socket; "udp4" or "udp6"."""
    address: str
    """The numeric address, or the path."""
    port: int
    """The real port, also where 0 was asked for; -1 for a unix socket."""
    fd: int = -1
    """The master's own fd of it, where the worker named an fd; -1 otherwise."""


def address_of(listeners: Listeners, key: str) -> Address | None:
    """Return the address of a listener or UDP socket, None if there is none with this key."""
    handoff, datagram = listeners.get(key), listeners.datagrams.get(key)
    if datagram is not None:
        return Address(_UDP[int(datagram.family)], *datagram.getsockname()[:2])
    if handoff is None:
        return None
    sock = handoff.gate.sock
    name, kind = sock.getsockname(), _TYPES[int(sock.family)]
    if isinstance(name, tuple):
        return Address(kind, name[0], name[1])
    return Address(kind, os.fsdecode(name), -1)
