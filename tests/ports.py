"""Ports for servers under test."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

_FIRST, _LAST = 20_000, 32_000  # below the range that the kernel gives to outgoing connections
_SHARES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_SHARE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Of several test processes each takes every n-th port: none takes what another has just found."""
_candidates = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has bound."""
    while True:
        turn = next(_candidates) % ((_LAST - _FIRST) // _SHARES)
        port = _FIRST + turn * _SHARES + _SHARE
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def is_open(port: int) -> bool:
    """Say whether somebody listens on 127.0.0.1:port."""
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    return False
