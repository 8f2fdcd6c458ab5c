"""Who may bind a privileged port: a master that is root must not do it for whoever asks.

The kernel tells who has made a socket. What root has made, root may bind; for others their app's
`ports` name the exceptions.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection

_START = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
_USUAL = 1024


def check(sock: int, port: int, named: Collection[int]) -> None:
    """Raise PermissionError, as bind(2) would, for a port that the socket's maker may not have."""
    maker = os.fstat(sock).st_uid
    if maker == os.geteuid() or port in named or not 0 < port < _first_free():
        return
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _first_free() -> int:
    try:
        with open(_START, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _USUAL
