"""The reload: a new generation, slot by slot; if it fails, the old code stays (`rollout`)."""

from __future__ import annotations

from ...errors import Failed, PmError
from ...model import AppSpec, Scheduling, State
from ...worker import board
from ..app import App, cannot_run
from ..daemonlink import Answer
from ..sockets import ownports
from ..tasks import close_unused, failure_of, summary
from ..workers.slot import Slot
from ..workers.worker import Worker
from .respec import respecify
from .rollout import Deed, Happening, Rollout, step


class Reload:
    """One reload under way."""

    def __init__(self, app: App, slots: tuple[int, ...], spec: AppSpec, answer: Answer) -> None:
        self._app = app
        self._spec = spec
        self._answer = answer
        self._rollout = Rollout(slots, ownports.overlaps(app.listeners, app.crew, spec))
        self._new = app.generations.new(spec)
        self._candidate: Worker | None = None
        self._failure: PmError | None = None
        self._removing: Worker | None = None
        self._wanted = set(app.wanted)
        """Before the reload."""
        self._old = app.generations.current

    def begin(self) -> None:
        """Load the code and go to the first slot."""
        app = self._app
        app.tasks.append(self)
        app.wanted |= set(self._rollout.slots)
        app.news.event("reload", f"generation {self._new.number} begins")
        try:
            app.generations.begin(self._new)
        except OSError as error:
            return self._end(Failed(cannot_run(error, self._spec)))
        self._happen(Happening.BEGIN)

    def _happen(self, happening: Happening) -> None:
        self._rollout, deed = step(self._rollout, happening)
        if deed is Deed.LAUNCH:
            self._launch(self._slot())
        elif deed is Deed.RETIRE:
            self._retire(self._slot())
        elif deed is Deed.FINISH:
            self._finish()
        elif deed is Deed.ABORT:
            self._abort()

    def _slot(self) -> Slot:
        return self._app.slot(self._rollout.slot)

    def _launch(self, slot: Slot) -> None:
        before = len(slot.workers)
        slot.cancel()
        self._app.launch(slot, self._new)
        if len(slot.workers) == before:
            self._failure = Failed(slot.reason)
            return self._happen(Happening.FAILED)
        self._candidate = slot.workers[-1]

    def _retire(self, slot: Slot) -> None:
        slot.cancel()
        slot.generation = self._new
        old = [worker for worker in slot.workers if worker.generation is not self._new]
        for worker in old:
            self._app.crew.lives.retire(worker, "reload", self._mode())
        if not old:
            slot.rest(State.STOPPED, "")
            self._happen(Happening.GONE)

    def _mode(self) -> int:
        """Hand connections over, unless the new workers have no channel to take them from."""
        shared = self._spec.scheduling is Scheduling.SHARED
        return board.FINISH if shared else board.HAND_OVER

    def ready(self, worker: Worker) -> None:
        """Go on when the new worker is ready."""
        if worker is self._candidate:
            self._candidate = None
            done = f"slot {worker.slot}: generation {self._new.number} is ready"
            self._app.news.event("reload", done, self._app.slots[worker.slot], worker.pid)
            self._happen(Happening.READY)

    def ended(self, worker: Worker) -> bool:
        """Go on when the old worker is gone; give up when the new one is."""
        slot = self._app.slots[worker.slot]
        if worker is self._removing:
            self._removing = None
            self._end(self._failure)
            return bool(slot.workers)
        if worker is self._candidate:
            self._candidate = None
            self._failure = self._failure or failure_of(slot, worker, self._app.home)
            self._happen(Happening.FAILED)
            return True
        if self._rollout.slot != worker.slot or worker.generation is self._new:
            return False
        others = [w for w in slot.workers if w.generation is not self._new]
        if worker.asked and not others:
            slot.rest(State.STOPPED, "")
            self._happen(Happening.GONE)
        return True  # a crash of the old one now: the new one is on its way

    def settle(self) -> None:
        """Nothing to look at: each step follows from an event."""

    def _abort(self) -> None:
        """Remove the new worker; what is left of the old code stays."""
        candidate, self._candidate = self._candidate, None
        if candidate is not None and candidate.ended is None:
            self._removing = candidate
            self._app.crew.lives.retire(candidate, "the reload is given up", board.HAND_OVER)
            return
        self._end(self._failure)

    def _finish(self) -> None:
        app = self._app
        app.generations.current = self._new
        for slot in app.slots.values():
            if not slot.workers:  # it starts with the new code, when it starts
                slot.generation = self._new
        close_unused(app)
        self._end(None)

    def cancel(self, error: PmError) -> None:
        """Answer at once."""
        self._answer(error, "")

    def _end(self, failure: PmError | None) -> None:
        app = self._app
        app.tasks.remove(self)
        if failure is not None:
            self._go_back()
        app.fill()
        app.sweep()
        if failure is None:
            respecify(app, self._spec)
            app.news.event("reload", f"generation {self._new.number} serves")
            return self._answer(None, summary(app))
        left = f"reload refused: {failure.message}"
        app.news.event("reload", left)
        hint = failure.hint or _hint(self._rollout)
        self._answer(type(failure)(left, hint, failure.lines), "")

    def _go_back(self) -> None:
        """Let the slot under way, and those that were not wanted, be as they were before."""
        app = self._app
        app.wanted = self._wanted
        app.listeners.activation.only(app.spec.listen)
        for slot in app.slots.values():
            if slot.number == self._rollout.slot and not slot.workers:
                slot.generation = self._old
            if slot.number not in app.wanted:
                for worker in slot.workers:
                    app.crew.lives.retire(worker, "the reload is given up", board.HAND_OVER)


def _hint(rollout: Rollout) -> str:
    if not rollout.done:
        return "the old workers go on" + (" serving" if rollout.overlap else ": started again")
    return f"slots {', '.join(map(str, rollout.done))} run the new code, the others the old"
