"""What the master tells others of its app: events, remarks, and that something has changed."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..model import Event
from .slot import Slot


class News:
    """Collects for whoever is connected."""

    def __init__(self, app: str) -> None:
        self._app = app
        self.publish: Callable[[Event], None] = lambda _: None
        """Takes each event."""
        self.notes: list[str] = []
        """Remarks for `describe`."""
        self.dirty = True
        """Something shown has changed since the last status."""

    def event(self, kind: str, reason: str, slot: Slot | None = None, pid: int = 0) -> None:
        """Publish something that happened."""
        self.dirty = True
        number = slot.number if slot else None
        self.publish(Event(time.time(), self._app, kind, reason, number, pid))

    def remark(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes:
            self.notes.append(text)
            self.event("note", text)
