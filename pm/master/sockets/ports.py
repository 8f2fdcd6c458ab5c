"""Who listens on which TCP port, as the kernel tells it: proc(5), and pidfd_getfd(2)."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import NamedTuple

_LISTEN = "0A"
_MAPPED = "::ffff:"
_PIDFD_GETFD = 438
_TABLES = (("tcp", socket.AF_INET, "ipv4"), ("tcp6", socket.AF_INET6, "ipv6"))


class Port(NamedTuple):
    """One listening socket."""

    address: str
    port: int
    family: str
    link: str
    """What /proc/PID/fd says of it: `socket:[INODE]`."""


def listening() -> Iterator[Port]:
    """Give all listening sockets; of the connections no more than one is read."""
    for table, family, name in _TABLES:
        with contextlib.suppress(OSError), open(f"/proc/net/{table}", encoding="ascii") as file:
            next(file, None)
            for line in file:
                row = line.split()
                if row[3] != _LISTEN:  # the kernel shows the listeners first
                    break
                address, _, port = row[1].partition(":")
                numeric = _numeric(family, address)
                mapped = numeric.startswith(_MAPPED)  # an IPv4 address all the same
                yield Port(
                    numeric.removeprefix(_MAPPED), int(port, 16), "ipv4" if mapped else name,
                    f"socket:[{row[9]}]",
                )  # fmt: skip


def _numeric(family: int, hexadecimal: str) -> str:
    """Return an address that is given as 32-bit words of this machine's byte order."""
    raw = bytes.fromhex(hexadecimal)
    words = (raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return socket.inet_ntop(family, b"".join(words))


def reuses_port(pid: int, fd: int) -> bool:
    """True if a socket of another process has SO_REUSEPORT; False if it cannot be asked."""
    import ctypes  # not at the start of every master

    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return False
    copy = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, pidfd, fd, 0)
    os.close(pidfd)
    if copy < 0:
        return False
    try:
        sock = socket.socket(fileno=copy)
    except OSError:  # closed meanwhile, and the number is another file's
        os.close(copy)
        return False
    with sock:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
