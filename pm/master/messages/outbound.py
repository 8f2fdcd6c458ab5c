"""Messages from workers to the daemon: events `message`, no more of them than it can bear.

The daemon serves all apps: one that never stops talking must not keep it from the others.
"""

from __future__ import annotations

import json

from ..loop import now
from ..news import News
from ..workers.slot import Slot
from ..workers.worker import Worker
from .postoffice import Full

BURST = 8 << 20
"""Bytes that may be sent at once."""
RATE = 1 << 20
"""Bytes a second afterwards."""
COST = 4096
"""What a message costs besides its length."""


def allow(level: float, since: float, cost: int) -> float | None:
    """Return what is left of an allowance after `since` seconds and a message; None: too little."""
    left = min(BURST, level + since * RATE) - cost
    return left if left >= 0 else None


class Outbound:
    """The way out of one app."""

    def __init__(self, news: News, slots: dict[int, Slot]) -> None:
        self._news = news
        self._slots = slots
        self._level: float = BURST
        self._at = now()

    def take(self, worker: Worker, message: object) -> None:
        """Publish a message as an event; raises Full if there are too many."""
        text = json.dumps(message, separators=(",", ":"))
        self.spend(len(text))
        self._news.message(text, self._slots[worker.slot], worker.pid)

    def spend(self, length: int) -> None:
        """Take a message of so many bytes off the allowance; raises Full if it is used up."""
        time_now = now()
        left = allow(self._level, time_now - self._at, COST + length)
        if left is None:
            raise Full("the daemon takes 1 MiB, or 256 messages, a second from one app")
        self._level, self._at = left, time_now
