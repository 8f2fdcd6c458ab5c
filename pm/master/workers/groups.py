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
        steps = ((_GRACE, signal.SIGTERM), (max(_GRACE, kill_timeout), signal.SIGKILL))
        self._timers[leader] = [
            self._loop.call_at(now() + delay, partial(process.send_group, leader, number))
            for delay, number in steps
        ]

    def look(self) -> None:
        """Forget those that are empty; called when a process has been reaped."""
        gone = [leader for leader in self._timers if not process.group_lives(leader)]
        for leader in gone:
            for timer in self._timers.pop(leader):
                timer.cancel()
        if gone:
            self._emptied()
