"""What this worker process is: its link, its board, its drain signal; None outside of pm.

Set once in the worker after the fork; the forked children of an app get a board of their own.
"""

from __future__ import annotations

import mmap
import os

from . import board
from .link import Link, park

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from .program import Job

link: Link | None = None
"""The line to the master."""
page: mmap.mmap | None = None
"""This process's board."""
drain_fd = -1
"""Readable for ever once the master has begun to drain this worker."""
has_children = False
"""This process has forked, or started a child that joins the worker."""
job: Job | None = None
"""What this process runs, if it was started to run a program."""
app = ""
slot = -1
generation = 0
member = 0
"""Number among the workers of a program that forks its own; 0 under an app's master."""


def become_worker(link_fd: int, board_fd: int, drain: int) -> None:
    """Take over the three fds that the master gave to this worker."""
    global link, page, drain_fd
    link = Link(link_fd)
    page = board.attach(board_fd)
    os.close(board_fd)
    drain_fd = park(drain)


def become_child(link_fd: int, drain: int) -> None:
    """Take over the two fds that a child of a worker was started with."""
    global link, drain_fd
    link = Link(link_fd)
    drain_fd = park(drain)
    if os.getpid() == os.getpgrp():  # the worker itself, by os.exec: its old board is stale
        own_page()


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
