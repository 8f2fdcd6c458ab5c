"""Replaces one worker by another of the same generation, without a gap where the app listens."""

from __future__ import annotations

from ...errors import PmError
from ...model import State
from ...record import replace
from ...worker import board
from ..app import App
from ..daemonlink import Answer
from ..sockets import ownports
from ..tasks import failure_of
from ..workers.worker import Worker


class Renewal:
    """One replacement under way: the new worker is ready first, then the old one leaves.

    An app that does not listen has no gap to fear, but two copies at once may do harm: there the
    old one leaves first, unless `max_surge` allows a second.
    """

    def __init__(self, app: App, worker: Worker, why: str, answer: Answer) -> None:
        self._app = app
        self._old = worker
        self._why = why
        self._answer = answer
        self._slot = app.slots[worker.slot]
        self._new: Worker | None = None
        self._overlaps = ownports.overlaps(app.listeners, app.crew, worker.generation.spec)

    def begin(self) -> None:
        """Make the new worker, or let the old one go."""
        self._app.tasks.append(self)
        self._app.news.event("restart", self._why, self._slot, self._old.pid)
        if not self._overlaps:
            return self._retire()
        self._app.launch(self._slot)
        if self._slot.workers[-1] is self._old:  # it could not even be tried
            return self._end()
        self._new = self._slot.workers[-1]

    def _retire(self) -> None:
        slot = self._slot
        slot.tally = replace(slot.tally, restarts=slot.tally.restarts + 1)
        self._app.crew.lives.retire(self._old, self._why, board.HAND_OVER)

    def ready(self, worker: Worker) -> None:
        """Let the old worker go when the new one can serve."""
        if worker is not self._new:
            return
        self._new = None
        if self._old.ended is None:
            self._retire()
        else:
            self._end()

    def ended(self, worker: Worker) -> bool:
        """Come to the end: the old worker is gone, or the new one is."""
        if worker is self._new:
            self._new = None
            failure = failure_of(self._slot, worker, self._app.home)
            text = f"not replaced: {failure.message}"
            self._app.news.event("note", text, self._slot, worker.pid)
            self._end()
            return bool(self._slot.workers)
        if worker is self._old and self._new is None:
            self._old_is_gone()
        return worker is self._old  # if it has crashed meanwhile, the new one is on its way

    def _old_is_gone(self) -> None:
        slot = self._slot
        if not slot.workers and self._old.asked and slot.number in self._app.wanted:
            slot.rest(State.STOPPED, "")
            self._app.launch(slot)
        slot.reason = self._why
        self._end()

    def settle(self) -> None:
        """Nothing to look at: each step follows from an event."""

    def cancel(self, error: PmError) -> None:
        """Answer at once."""
        self._answer(error, "")

    def _end(self) -> None:
        self._app.tasks.remove(self)
        self._answer(None, "")
