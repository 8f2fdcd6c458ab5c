"""What the master tells others of its app: events, remarks, and that something has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from ..model import Event, Target
from .workers.slot import Slot
from .workers.worker import Worker

_LONGEST = 200
"""Characters of what a worker says of itself."""


class News:
    """Collects for whoever is connected."""

    def __init__(self, app: str) -> None:
        self._app = app
        self.publish: Callable[[Event, int], None] = lambda _event, _request: None
        """Takes each event, with the command under way that it is progress of."""
        self.request = 0
        """Id of the command under way, or 0."""
        self.notes: list[str] = []
        """Remarks for `describe`."""
        self._server = ""
        self._troubles: set[str] = set()
        self._untold: list[str] = []
        self.dirty = True
        """Something shown has changed since the last status."""
        self.respecified = False
        """So has the spec."""

    def event(self, kind: str, reason: str, slot: Slot | None = None, pid: int = 0) -> None:
        """Publish something that happened."""
        self.dirty = True
        number = slot.number if slot else None
        self.publish(Event(time.time(), self._app, kind, reason, number, pid), self.request)

    def message(self, text: str, slot: Slot, pid: int) -> None:
        """Publish what a worker sends to the master; nothing shown changes by it."""
        self.publish(Event(time.time(), self._app, "message", text, slot.number, pid), 0)

    def remark(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes:
            self.notes.append(text)
            self.event("note", text)

    def trouble(self, texts: Iterable[str]) -> None:
        """Publish what is wrong, each once: a full disk may come and go.

        What nobody follows is published again with the next command, so that its user is told.
        """
        fresh = sorted({*texts} - self._troubles)
        self._troubles.update(fresh)
        self._untold += () if self.request else fresh
        for text in fresh:
            self.event("note", text)

    def follow(self, request: int) -> None:
        """Let events be progress of a command from now on."""
        self.request = request
        untold, self._untold = self._untold, []
        for text in untold:
            self.event("note", text)

    def server(self, worker: Worker, message: dict[str, Any], *_: object) -> None:
        """Keep what serves an application, in the place of what was said of it before."""
        text = str(message["text"])[:_LONGEST]
        if worker.generation.spec.target is Target.APP and text != self._server:
            self.notes[:] = [note for note in self.notes if note != self._server]
            self._server = text
            self.remark(text)
