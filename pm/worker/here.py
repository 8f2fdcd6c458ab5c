"""What this worker process is: its link, its board, its drain signal; None outside of pm.

Set once in the worker after the fork; the forked children of an app get a board of their own.
"""

from __future__ import annotations

import mmap
import os

from . import board
from .link import Link, park

link: Link | None = None
"""The line to the master."""
page: mmap.mmap | None = None
"""This process's board."""
drain_fd = -1
"""Readable for ever once the master has begun to drain this worker."""
app = ""
slot = -1
generation = 0


def become_worker(link_fd: int, board_fd: int, drain: int) -> None:
    """Take over the three fds that the master gave to this worker."""
    global link, page, drain_fd
    link = Link(link_fd)
    page = board.attach(board_fd)
    os.close(board_fd)
    drain_fd = park(drain)


def own_page() -> mmap.mmap | None:
    """Return this process's board; a forked child makes its own at its first connection."""
    global page
    if page is None and link is not None:
        fd = board.create()
        page = board.attach(fd)
        try:
            link.tell({"do": "board", "pid": os.getpid()}, [fd])
        except OSError:  # no master: nobody will look at it
            pass
        os.close(fd)
    return page
