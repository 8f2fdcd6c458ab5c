"""Listeners that a worker has closed and nobody else serves: they are closed here too, unless the
worker dies of it.

A worker that fails closes its sockets on the way: then the port stays, with the connections that
wait, for whoever is forked next. One that lives on means what it says; its next bind finds the
port free at once, others find it free after a moment.
"""

from __future__ import annotations

from ..master.loop import Loop, Timer, now
from ..master.sockets.listeners import Listeners
from ..master.workers.worker import Worker as Inner

_GRACE = 1.0


class Closed:
    """The listeners that wait to be closed."""

    def __init__(self, loop: Loop, listeners: Listeners) -> None:
        self._loop = loop
        self._listeners = listeners
        self._waiting: dict[str, tuple[Inner, Timer]] = {}
        """By key: who has closed it, and when it will have been meant."""

    def add(self, inner: Inner, key: str) -> None:
        """Take note that a worker has closed a listener as the last that served it."""
        if key in self._waiting:
            self._waiting.pop(key)[1].cancel()
        timer = self._loop.call_at(now() + _GRACE, lambda: self._close(key))
        self._waiting[key] = inner, timer

    def binds(self, inner: Inner) -> None:
        """Close what a worker has closed: it goes on to something else."""
        for key in self._of(inner):
            self._close(key)

    def ended(self, inner: Inner) -> None:
        """Keep what a worker has closed: it was dying."""
        for key in self._of(inner):
            self._waiting.pop(key)[1].cancel()

    def _of(self, inner: Inner) -> list[str]:
        return [key for key, (closer, _) in self._waiting.items() if closer is inner]

    def _close(self, key: str) -> None:
        self._waiting.pop(key)[1].cancel()
        handoff = self._listeners.get(key)
        if handoff is not None and not handoff.lanes:
            self._listeners.close(key)
