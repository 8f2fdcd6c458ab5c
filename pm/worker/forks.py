"""Forked children of an app: each gets a board of its own, before the parent lets go.

fd numbers mean something else in another process, and a child that answers a request (as
socketserver.ForkingMixIn has them) has to be seen to do so.
"""

from __future__ import annotations

import os
from _thread import RLock  # before gevent puts its own in its place

from . import board, here
from .sockets.talking import living

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    import mmap


class Forks:
    """What is done around each fork of the app."""

    def __init__(self) -> None:
        self._count = 0
        self._made: mmap.mmap | None = None
        self._lock = RLock()
        """Held around a fork: another thread's is another child."""

    def follow(self) -> None:
        """Be told of each fork from now on."""
        os.register_at_fork(
            before=self._before, after_in_child=self._in_child, after_in_parent=self._in_parent
        )

    def _before(self) -> None:
        self._lock.acquire()
        self._made = None
        here.has_children = True
        if here.link is None or not living():
            return
        self._count += 1
        fd = board.create()
        self._made = board.attach(fd)
        for conn in living():
            slot, page = conn.fileno(), conn.page
            if page is not None and slot >= 0:  # another thread may have closed it
                board.begin(self._made, slot, page[slot])
        here.say({"do": "board", "pid": -self._count}, fd)
        os.close(fd)

    def _in_parent(self) -> None:
        if self._made is not None:
            self._made.close()
            self._made = None
        self._lock.release()

    def _in_child(self) -> None:
        self._lock = RLock()
        here.in_child(self._made)
        if self._made is not None:
            here.say({"do": "child", "board": -self._count, "pid": os.getpid()})
        for conn in living():
            conn.page = self._made if conn.page is not None else None
