"""Our own fds stay open when a program closes what it does not know.

A daemon's first act often is to close all but what it needs, at once or in a loop; without its
line to the master a worker could not listen any more.
"""

from __future__ import annotations

import os

from .link import is_parked, parked

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> None:
    """Patch os.close and os.closerange; once, before the app's first import."""
    # bound: as attributes of a class they become no methods of it, like those of C
    os.close = close.__get__(os.close)
    os.closerange = closerange.__get__(os.closerange)


def close(plain: Callable[[int], None], fd: int) -> None:
    """Close what is not ours; ours is not there: EBADF. It is called often."""
    if fd in parked and is_parked(fd):
        fd = -1
    plain(fd)


def closerange(plain: Callable[[int, int], None], fd_low: int, fd_high: int, /) -> None:
    """Close all of a range but ours."""
    for fd in sorted(parked):
        if fd_low <= fd < fd_high and is_parked(fd):
            plain(fd_low, fd)
            fd_low = fd + 1
    plain(fd_low, fd_high)
