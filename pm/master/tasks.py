"""Commands that change which workers run: want, restart, stop. Each ends with one answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ..errors import Failed, NotReady, PmError
from ..model import State
from ..worker import board
from .app import App
from .daemonlink import Answer
from .sockets import ownports
from .sockets.busyport import explain
from .workers.slot import Slot
from .workers.worker import Worker


class Want:
    """Run exactly these slots; done when all are ready and all others are gone.

    With `complete`, a job is done when it has ended, not when it is up. The first worker that ends
    before it was ready (or, of such a job, without success) fails the command: those that are not
    ready yet are stopped, and their slots left errored with the reason.
    """

    def __init__(
        self, app: App, slots: tuple[int, ...], answer: Answer, complete: bool = False
    ) -> None:
        self._app = app
        self._slots = set(slots)
        self._answer = answer
        self._complete = complete and app.spec.ends
        self._failure: PmError | None = None
        self._unported: set[int] = set()

    def begin(self) -> None:
        """Change what is wanted."""
        app = self._app
        app.wanted = set(self._slots)
        app.changed()
        app.tasks.append(self)
        for slot in list(app.slots.values()):
            if slot.number not in app.wanted:
                self._dismiss(slot)
        for number in sorted(self._slots):
            slot = app.slot(number)
            if not slot.workers:
                slot.rest(State.STOPPED, "")
                slot.generation = app.generations.current
        app.fill()
        app.settle_soon()

    def _dismiss(self, slot: Slot) -> None:
        slot.cancel()
        for worker in slot.workers:
            self._app.crew.lives.retire(worker, "no longer wanted", board.HAND_OVER)
        if not slot.workers:
            slot.rest(State.STOPPED, "no longer wanted")

    def ready(self, worker: Worker) -> None:
        """Nothing: `settle` looks at the slots."""

    def ended(self, worker: Worker) -> bool:
        """Fail if a worker of ours ended before it was ready, or a job without success."""
        if worker.slot not in self._slots or worker.asked:
            return False
        if worker.ready_at is not None and not self._complete:
            return False
        slot = self._app.slots[worker.slot]
        if ended_well(worker):
            return False
        failure = failure_of(slot, worker, self._app.home)
        self._app.crashes.give_up(slot, failure.message)
        self._fail(slot, failure)
        return True

    def _fail(self, slot: Slot, failure: PmError) -> None:
        """Stop what is not ready yet, because a slot has been given up."""
        app = self._app
        if self._failure is None:
            self._failure = failure
        for number in self._slots:
            other = app.slot(number)
            other.cancel()
            for worker in other.workers:
                if worker.state is State.LAUNCHING:
                    app.crew.lives.retire(
                        worker, f"slot {slot.number} failed to start", board.FINISH
                    )

    def settle(self) -> None:
        """Answer once every slot has come to rest."""
        app = self._app
        slots = [app.slot(number) for number in self._slots]
        for slot in slots:
            if slot.state is State.ERRORED and self._failure is None:
                self._fail(slot, Failed(slot.reason, lines=slot.lines))
        everybody = (worker for slot in app.slots.values() for worker in slot.workers)
        if any(worker.state is not State.ONLINE for worker in everybody):
            return  # of one that is dead the last words are being read: `ended` comes
        if self._complete and any(slot.workers for slot in slots):
            return
        if self._failure is not None:
            for slot in slots:
                if slot.state is State.STOPPED and slot.number in app.wanted:
                    app.crashes.give_up(slot, self._failure.message)
        elif any(slot.state is State.WAITING for slot in slots):
            return
        app.tasks.remove(self)
        if self._failure is None:
            self._served()
        self._answer(self._failure, "" if self._failure else summary(app))

    def _served(self) -> None:
        """Nothing: what listens stays, also while its slot is stopped."""

    def cancel(self, error: PmError) -> None:
        """Answer at once."""
        self._answer(error, "")


class Restart(Want):
    """Stop these slots, then run them with the code as it is now; the listeners stay."""

    def begin(self) -> None:
        """Load the code anew and retire what runs."""
        app = self._app
        app.wanted |= self._slots
        app.tasks.append(self)
        new = app.generations.current = app.generations.new(app.spec)
        self._stopping = {n for n in self._slots if app.slot(n).workers}
        for number in sorted(self._slots):
            slot = app.slot(number)
            slot.cancel()
            slot.generation = new
            for worker in slot.workers:
                app.crew.lives.retire(worker, "restart", board.HAND_OVER)
            if not slot.workers:
                slot.rest(State.STOPPED, "")
        with suppress(OSError):  # said again, and reported, by the first launch
            app.generations.begin(new)  # warms up while the old ones stop
        app.fill()
        app.settle_soon()

    def ended(self, worker: Worker) -> bool:
        """Launch again where a worker was retired for this."""
        slot = self._app.slots[worker.slot]
        if worker.slot in self._stopping and not slot.workers:
            self._stopping.discard(worker.slot)
            slot.rest(State.STOPPED, "")
            if self._failure is None:
                self._app.launch(slot)
            return True
        return super().ended(worker)

    def _served(self) -> None:
        close_unused(self._app)


class Stop:
    """Stop everything, release the ports; done when nothing is left."""

    def __init__(self, app: App, done: Callable[[], None]) -> None:
        self._app = app
        self._done = done

    def begin(self) -> None:
        """Refuse new connections and let the workers finish."""
        app = self._app
        app.wanted = set()
        for handoff in app.listeners:
            handoff.gate.shut()
        app.tasks.append(self)
        for slot in app.slots.values():
            slot.cancel()
            for worker in slot.workers:
                app.crew.lives.retire(worker, "stop", board.FINISH)
        app.settle_soon()

    def ready(self, worker: Worker) -> None:
        """Nothing: whoever becomes ready now is retired already."""

    def ended(self, _worker: Worker) -> bool:
        """Leave it to the common course: a stopped slot rests."""
        return False

    def settle(self) -> None:
        """Finish once no worker is left."""
        app = self._app
        if any(slot.workers for slot in app.slots.values()) or len(app.crew.groups):
            return
        app.listeners.close_all()
        app.tasks.remove(self)
        self._done()

    def cancel(self, _error: PmError) -> None:
        """Nothing supersedes a stop."""


def close_unused(app: App) -> None:
    """Close what listened for the code before, and say so: who connects would wait for ever."""
    for address in app.listeners.close_unused():
        number = app.generations.current.number
        app.news.event("note", f"{address} closed: generation {number} does not open it")


def ended_well(worker: Worker) -> bool:
    """True if a worker did all it was to do, and is not to be started again (a one-shot job)."""
    spec, code = worker.generation.spec, worker.ended.code if worker.ended else None
    return code is not None and (code in spec.stop_exit_codes or (spec.ends and not code))


def failure_of(slot: Slot, worker: Worker, home: str) -> PmError:
    """Say in words why a worker did not become ready."""
    if worker.timed_out:
        return NotReady(worker.reason, _patience(worker), slot.lines)
    ended = f"{worker.ended}" if worker.ended else "could not be forked"
    reason = f"{worker.reason}: {ended}" if worker.reason else ended
    if worker.refused:
        return Failed(*explain(worker.refused, reason, home), slot.lines)
    done = "before it was ready" if worker.ready_at is None else "before it was completed"
    return Failed(f"{reason} {done}", "", slot.lines)


def _patience(worker: Worker) -> str:
    spec, hint = worker.generation.spec, "a slow start needs a longer --listen-timeout"
    if worker.listened or spec.wait_ready:
        return hint
    return f"{hint}; if it is to listen no more, `pm delete {spec.name}` and start it anew"


def summary(app: App) -> str:
    """Return what is to be said of an app that serves no port."""
    online = any(slot.state is State.ONLINE for slot in app.slots.values())
    if app.listeners.views() or ownports.shown(app.crew):
        return ""
    if online:
        return "online, no port"
    return next((slot.reason for slot in app.slots.values() if slot.reason), "stopped")
