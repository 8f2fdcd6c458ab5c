"""What a worker leaves behind in its process group: forked children that finish a request, or stay.

They are given a moment, then SIGTERM, then SIGKILL. The master reaps them (it is a subreaper).
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial

from .. import process
from ..loop import Loop, Timer, now

_GRACE = 1.0
"""Seconds for a child that answers a request, as socketserver.ForkingMixIn has them."""


class Groups:
    """The process groups without their leader."""

    def __init__(self, loop: Loop, emptied: Callable[[], None]) -> None:
        self._loop = loop
        self._emptied = emptied
        self._timers: dict[int, list[Timer]] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def add(self, leader: int, kill_timeout: float) -> None:
        """End what is left of a worker's group, if anything is."""
        if not process.group_lives(leader):
            return
        last = max(_GRACE, kill_timeout)
        steps = (
            (_GRACE, partial(self._send, leader, signal.SIGTERM)),
            (last, partial(self._send, leader, signal.SIGKILL)),
            (last + _GRACE, partial(self._forget, leader)),
        )
        self._timers[leader] = [self._loop.call_at(now() + after, do) for after, do in steps]

    def look(self) -> None:
        """Forget those that are empty; called when a process has been reaped."""
        for leader in [leader for leader in self._timers if not process.group_lives(leader)]:
            self._forget(leader)

    def _send(self, leader: int, number: int) -> None:
        self.look()  # no signal tells of the end of one whose parent has left the group
        if leader in self._timers:
            process.send_group(leader, number)

    def _forget(self, leader: int) -> None:
        for timer in self._timers.pop(leader):
            timer.cancel()
        self._emptied()
