"""What this worker process is: its link, its board, its drain signal; None outside of pm.

Set once in the worker after the fork; the forked children of an app get a board of their own.
"""

from __future__ import annotations

import fcntl
import mmap
import os

from . import board
from .link import LOCK, Link, park

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from .program import Job

link: Link | None = None
"""The line to the master."""
page: mmap.mmap | None = None
"""This process's board."""
notices: mmap.mmap | None = None
"""The worker's own board, also in its children: the master's notices stand there."""
notice_fd = -1
"""Its fd: of the processes of the leading worker, that which holds a lock on it leads."""
_making = LOCK()
"""Held while a process makes its board: its threads may need one at once."""
_leader = 0
"""The process that holds this lock, if it is this one."""
drain_fd = -1
"""Readable for ever once the master has begun to drain this worker."""
has_children = False
"""This process has forked, or started a child that joins the worker."""
job: Job | None = None
"""What this process runs, if it was started to run a program."""
app = ""
slot = -1
generation = 0
member = False
"""This is a worker of a program that forks its own, or a child of one."""
launch = 0
"""A number that no other worker of the app ever has; 0 outside of pm."""


def become_worker(link_fd: int, board_fd: int, drain: int) -> None:
    """Take over the three fds that the master gave to this worker."""
    global page
    become_child(link_fd, drain, board_fd)
    page = notices


def become_child(link_fd: int, drain: int, board_fd: int) -> None:
    """Take over the three fds that a child of a worker was started with."""
    global link, drain_fd, notices, notice_fd
    link = Link(link_fd)
    drain_fd = park(drain)
    notices = board.attach(board_fd)
    notice_fd = park(board_fd)


def say(message: dict[str, object], *fds: int) -> None:
    """Tell the master something that it can do without: there may be none any more."""
    if link is not None:
        try:
            link.tell(message, list(fds))
        except OSError:
            pass


def own_page() -> mmap.mmap | None:
    """Return this process's board; a forked child makes its own at its first connection."""
    if page is None and link is not None:
        with _making:
            _make_page()
    return page


def _make_page() -> None:
    global page
    if page is not None:
        return
    fd = board.create()
    made = board.attach(fd)
    say({"do": "board", "pid": os.getpid()}, fd)
    os.close(fd)
    page = made


def in_child(made: mmap.mmap | None) -> None:
    """Begin anew in a forked child: with the board that was made for it, if one was."""
    global page, _making
    page = made
    _making = LOCK()  # a thread of the parent may have held it


def leads() -> bool:
    """True in the one process that does what only one is to do, and outside of pm.

    It is a process of the leading worker: the first of them that asks, until it ends.
    """
    if link is None:
        return True
    return notices is not None and board.read_notice(notices)[0] and _is_first()


def _is_first() -> bool:
    """Take the lock of the worker's processes; the kernel releases it when its holder ends."""
    global _leader
    if _leader != os.getpid():
        try:
            fcntl.lockf(notice_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        _leader = os.getpid()
    return True


def slots() -> int:
    """Return how many slots the app has, 1 outside of pm."""
    return max(1, board.read_notice(notices)[1]) if notices is not None else 1
