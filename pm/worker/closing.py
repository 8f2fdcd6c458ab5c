"""`os.closerange` leaves our own fds open: programs close so what they do not know.

A daemon's first act often is to close all but what it needs; without its line to the master a
worker could not listen any more.
"""

from __future__ import annotations

import os

from .link import parked


def install() -> None:
    """Patch os.closerange; once, before the app's first import."""
    plain = os.closerange

    def closerange(fd_low: int, fd_high: int, /) -> None:
        for fd in sorted(parked):
            if fd_low <= fd < fd_high and _is_ours(fd):
                plain(fd_low, fd)
                fd_low = fd + 1
        plain(fd_low, fd_high)

    os.closerange = closerange


def _is_ours(fd: int) -> bool:
    """True unless the number is another file's by now."""
    try:
        return os.fstat(fd).st_ino == parked[fd]
    except OSError:
        return False
