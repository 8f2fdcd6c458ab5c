"""Ports for servers under test."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

_FIRST, _LAST = 20_000, 32_000  # below the range that the kernel gives to outgoing connections
_SHARES = 24
"""Test processes on one machine at a time, of all users and checkouts."""
_EACH = (_LAST - _FIRST) // _SHARES


def _claimed() -> tuple[int, socket.socket]:
    """Return a share of the ports that is ours until this process ends, and what holds it.

    Between a port's being found free and its being bound no other test may find it.
    """
    for share in range(_SHARES):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tests of pm, ports {share} of {_SHARES}")
        except OSError:
            claim.close()
        else:
            return share, claim
    raise RuntimeError(f"{_SHARES} test processes at once: each port is somebody's")


_share, _claim = _claimed()
_candidates = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has bound."""
    while True:
        port = _FIRST + _share * _EACH + next(_candidates) % _EACH
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def is_open(port: int) -> bool:
    """Say whether somebody listens on 127.0.0.1:port."""
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    return False
