"""A page shared by a worker process and the master: what each accepted connection is doing.

Byte 0 is the mode, written by the master; byte N is the state of the connection on fd N,
written by the process that accepted it. Behind these, one byte for each 256 fds tells whether any
of them was ever used, so that counting does not read the whole page. A store of one byte needs no
lock. Then comes a byte for requests of which nobody knows the fd (TLS in memory), and bytes for
connections that are being taken: between the hand-off channel and the board. Last stands what the
master lets the worker know at no cost: whether it leads, and how many slots there are.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct

SIZE = 1 << 16
"""fds that are followed."""
_GROUP = 256
_GROUPS = slice(SIZE, SIZE + SIZE // _GROUP)
_LENGTH = SIZE + 4096
_SESSIONS = SIZE + 1024
_TAKING = SIZE + 1280
_TAKINGS = 256
"""Threads that are told apart."""
_NOTICE = struct.Struct("I")  # native: stored at once
_NOTICE_AT = SIZE + 2048
_LEADS = 1 << 31
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW

SERVE = 0
"""Mode: nothing special."""
HAND_OVER = 1
"""Mode: connections between requests go back to the master, for the next worker."""
FINISH = 2
"""Mode: finish what is under way; there is no next worker."""

NONE = 0
BLIND = 255
"""State: accepted, and what happens on it cannot be seen (TLS, a detached fd)."""


def create() -> int:
    """Make a page and return its fd; its size is sealed, so that reading it is safe."""
    fd = os.memfd_create("pm-board", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, _LENGTH)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd


def attach(fd: int) -> mmap.mmap:
    """Map the page behind `fd`; the fd may be closed afterwards.

    Raises OSError or ValueError for anything but such a page: it might shrink under the reader.
    """
    if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
        raise ValueError("not a board")
    return mmap.mmap(fd, _LENGTH)


def begin(page: mmap.mmap, fd: int, state: int) -> None:
    """Show a new connection."""
    page[SIZE + fd // _GROUP] = 1
    page[fd] = state


def count(page: mmap.mmap) -> int:
    """Return how many connections are shown."""
    used = page[_GROUPS]
    total = 0
    group = used.find(1)
    while group >= 0:
        first = max(1, group * _GROUP)  # byte 0 is no connection
        total += len(page[first : (group + 1) * _GROUP].translate(None, b"\0"))
        group = used.find(1, group + 1)
    return total


def show_sessions(page: mmap.mmap, busy: bool) -> None:
    """Show whether a request is under way in some TLS session that is kept in memory."""
    page[_SESSIONS] = busy


def has_busy_sessions(page: mmap.mmap) -> bool:
    """Return what `show_sessions` showed last."""
    return page[_SESSIONS] != 0


def show_taking(page: mmap.mmap, thread: int, taking: bool) -> None:
    """Show whether a thread of the process, by a number of its own, is about to take a connection.

    It may wait for a core between having taken one and showing that.
    """
    page[_TAKING + thread % _TAKINGS] = taking


def is_busy_elsewhere(page: mmap.mmap) -> bool:
    """Return whether something is under way that no connection's byte shows.

    A request of a TLS session that is kept in memory, or a connection that is just being taken.
    """
    return has_busy_sessions(page) or page.find(b"\1", _TAKING, _TAKING + _TAKINGS) >= 0


def write_notice(page: mmap.mmap, leads: bool, slots: int) -> None:
    """Let the process know whether its worker leads, and how many slots its app has."""
    _NOTICE.pack_into(page, _NOTICE_AT, slots | (_LEADS if leads else 0))


def read_notice(page: mmap.mmap) -> tuple[bool, int]:
    """Return what `write_notice` wrote last; one word, so it is never half written."""
    word = _NOTICE.unpack_from(page, _NOTICE_AT)[0]
    return bool(word & _LEADS), word & (_LEADS - 1)
