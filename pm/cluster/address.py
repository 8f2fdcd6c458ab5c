"""Where a worker listens, as the `listening` event tells it."""

from __future__ import annotations

import os
import socket

from ..master.sockets.handoff import Handoff
from ..record import dataclass

_TYPES: dict[int, int] = {int(socket.AF_INET): 4, int(socket.AF_INET6): 6, int(socket.AF_UNIX): -1}


@dataclass(frozen=True)
class Address:
    """One listener."""

    address_type: int
    """4, 6, or -1 for a unix socket."""
    address: str
    """The numeric address, or the path."""
    port: int
    """The real port, also where 0 was asked for; -1 for a unix socket."""
    fd: int = -1
    """The master's own fd of it, where the worker named an fd; -1 otherwise."""


def address_of(handoff: Handoff) -> Address:
    """Return the address of a listener."""
    sock = handoff.gate.sock
    name, kind = sock.getsockname(), _TYPES[int(sock.family)]
    if isinstance(name, tuple):
        return Address(kind, name[0], name[1])
    return Address(kind, os.fsdecode(name), -1)
