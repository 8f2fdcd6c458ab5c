"""The app as the master sees it: slots, who is wanted, and what follows when a worker ends.

Commands are tasks (`tasks`, `reload`): they launch and retire, and see first what becomes of
their workers. An end that no task explains is a crash, judged by `restart`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Protocol

from ..model import AppSpec, Event, ListenerView, State
from .crew import Crew
from .generation import Generation
from .lastwords import LastWords
from .listeners import Listeners, text_of
from .loop import Loop, now
from .pipes import Pipes
from .restart import Action, Exit, Verdict, judge
from .slot import Slot
from .worker import Worker


class Task(Protocol):
    """A command under way."""

    def ready(self, worker: Worker) -> None:
        """Take note that a worker can serve."""

    def ended(self, worker: Worker) -> bool:
        """Take note that a worker has ended; True if that is dealt with."""

    def settle(self) -> None:
        """See whether the task has come to its end; called after every change."""


class App:
    """One app."""

    def __init__(self, loop: Loop, words: LastWords, spec: AppSpec, generation: int) -> None:
        self.loop = loop
        self.words = words
        self.spec = spec
        self.wanted: set[int] = set()
        self.slots: dict[int, Slot] = {}
        self.tasks: list[Task] = []
        self.known_to_listen = False
        self.notes: list[str] = []
        self.publish: Callable[[Event], None] = lambda event: None
        self.dirty = True
        """Something shown has changed since the last status."""
        self.listeners = Listeners(loop, spec.queue_depth, self._accepts, self.changed)
        self.listeners.on_open = self._opened
        self.crew = Crew(loop, self.listeners, words.logs, self)
        self.last_number = generation - 1
        self.generations: dict[int, Generation] = {}
        """Those with a template, by its pid."""
        self.generation = self.new_generation(spec)

    # Generations.

    def new_generation(self, spec: AppSpec) -> Generation:
        """Number a new load of the code; `begin` starts it."""
        self.last_number += 1
        return Generation(
            self.loop, lambda slot: Pipes(self.words.logs, slot), self, spec, self.last_number
        )

    def begin(self, generation: Generation) -> None:
        """Start a generation's template where it has none that lives. Raises OSError."""
        if generation.clustered and not generation.alive:
            generation.start()
            self.generations[generation.pid] = generation

    def sweep(self) -> None:
        """End the templates that no slot and no worker needs."""
        used = {slot.generation for slot in self.slots.values()} | {self.generation}
        used |= {worker.generation for worker in self.crew}
        for pid, generation in list(self.generations.items()):
            if generation not in used:
                generation.close()
                del self.generations[pid]

    def template_ended(self, generation: Generation, launches: list[int]) -> None:
        """Take note that a template has died; its launches have failed with it."""
        pid = generation.pid
        self.generations.pop(pid, None)

        def conclude(ended: Exit | None) -> None:
            for launch in launches:
                self.crew.lost(launch, ended, "the app's interpreter ended")
            self._renew(generation)

        self.words.of_template(pid, conclude)

    def _renew(self, old: Generation) -> None:
        """Load the code again for slots whose template is gone: a new generation."""
        slots = [s for s in self.slots.values() if s.generation is old and s.number in self.wanted]
        if not slots:
            return
        new = self.new_generation(old.spec)
        for slot in slots:
            slot.generation = new
        if self.generation is old:
            self.generation = new
        self.note(f"template {old.pid} of generation {old.number} died; {new.number} replaces it")
        if old.proven and any(slot.workers for slot in slots):
            try:
                self.begin(new)
            except OSError as error:
                self.note(f"no new template: {error.strerror}")

    def forked(self, launch: int, pid: int) -> None:
        """Pass on the pid of a launch."""
        self.crew.forked(launch, pid)

    # Slots.

    def slot(self, number: int) -> Slot:
        """Return a slot, made if it is new."""
        if number not in self.slots:
            self.slots[number] = Slot(number, self.generation)
        return self.slots[number]

    def launch(self, slot: Slot, generation: Generation | None = None) -> None:
        """Begin a worker in a slot; one that cannot even be tried leaves the slot errored."""
        slot.cancel()
        generation = generation or slot.generation
        try:
            self.begin(generation)
            worker = self.crew.launch(slot.number, generation)
        except OSError as error:
            slot.rest(State.ERRORED, f"cannot run {_what(error, generation.spec)}: {error.strerror}")
            self.event("errored", slot.reason, slot)
            self.settle_soon()
            return
        slot.workers.append(worker)
        self.event("start", f"generation {generation.number}", slot)
        self.changed()

    def fill(self) -> None:
        """Launch in every wanted slot that is neither filled, nor waiting, nor errored."""
        for number in sorted(self.wanted):
            slot = self.slot(number)
            if not slot.workers and slot.idle is State.STOPPED:
                self.launch(slot)

    # What the crew reports.

    def on_ready(self, worker: Worker, how: str) -> None:
        """A worker serves."""
        if worker.accepted:
            self.known_to_listen = True
        self.event("online", how, self.slots[worker.slot], worker.pid)
        for task in self.tasks:
            task.ready(worker)
        self.settle_soon()

    def on_gone(self, worker: Worker) -> None:
        """A worker has ended; one that failed to start is looked at with its last words."""
        failed = worker.ready_at is None and not worker.asked
        if failed and worker.pid:
            self.words.after(worker.pid, lambda: self._conclude(worker))
        else:
            self._conclude(worker)

    def _conclude(self, worker: Worker) -> None:
        slot = self.slots[worker.slot]
        slot.workers.remove(worker)
        slot.connections += self.listeners.forget(worker.key)
        slot.last = worker.ended or slot.last
        self.event("exit", _ended_text(worker), slot, worker.pid)
        if not worker.asked:
            slot.lines = tuple(self.words.lines(worker))
        if not any(task.ended(worker) for task in list(self.tasks)):
            self._bury(slot, worker)
        self.sweep()
        self.settle_soon()

    def _bury(self, slot: Slot, worker: Worker) -> None:
        """Decide what follows an end that no command explains."""
        if slot.workers:
            return
        if worker.asked or slot.number not in self.wanted:
            slot.rest(State.STOPPED, worker.reason)
            return
        ended = worker.ended or Exit(None, worker.reason or "a failed fork")
        uptime = now() - worker.launched
        if worker.ready_at is None:
            uptime = 0.0  # never ready is unstable, however long it took
        slot.tally, verdict = judge(
            slot.tally, worker.generation.spec, ended, uptime, random.random()  # noqa: S311
        )
        reason = f"{worker.reason}; {verdict.reason}" if worker.reason else verdict.reason
        self._carry_out(slot, verdict, reason)

    def _carry_out(self, slot: Slot, verdict: Verdict, reason: str) -> None:
        if verdict.action is Action.STAY_STOPPED:
            slot.rest(State.STOPPED, reason)
            self.wanted.discard(slot.number)
            self.event("stop", reason, slot)
        elif verdict.action is Action.GIVE_UP:
            self.give_up(slot, reason)
        elif verdict.delay <= 0:
            slot.reason = reason
            self.event("restart", reason, slot)
            self.launch(slot)
        else:
            slot.rest(State.WAITING, f"{reason}; restart in {verdict.delay:.1f} s")
            self.event("restart", slot.reason, slot)
            slot.timer = self.loop.call_at(now() + verdict.delay, lambda: self.launch(slot))

    def give_up(self, slot: Slot, reason: str) -> None:
        """Leave a slot errored; when all are, the ports are released."""
        slot.cancel()
        slot.rest(State.ERRORED, reason)
        self.event("errored", reason, slot)
        if all(self.slot(n).state is State.ERRORED for n in self.wanted):
            self.listeners.close_all()

    def _accepts(self, member: object, key: str) -> None:
        self.crew.accepts(member, key)

    def _opened(self, view: ListenerView) -> None:
        self.known_to_listen = True
        self.event("listening", text_of(view))

    # What others are told.

    def remark(self, text: str) -> None:
        """Keep a remark for `describe`."""
        if text not in self.notes:
            self.notes.append(text)
            self.note(text)

    def note(self, text: str) -> None:
        """Publish a remark."""
        self.event("note", text)

    def event(self, kind: str, reason: str, slot: Slot | None = None, pid: int = 0) -> None:
        """Publish something that happened."""
        number = slot.number if slot else None
        self.publish(Event(time.time(), self.spec.name, kind, reason, number, pid))
        self.changed()

    def changed(self) -> None:
        """Take note that something shown has changed."""
        self.dirty = True

    def settle_soon(self) -> None:
        """Let the tasks see, once this round of events is over, whether they are done."""
        self.loop.call_at(now(), self._settle)

    def _settle(self) -> None:
        for task in list(self.tasks):
            task.settle()


def _what(error: OSError, spec: AppSpec) -> str:
    return str(error.filename or spec.interpreter or spec.script)


def _ended_text(worker: Worker) -> str:
    ended = str(worker.ended) if worker.ended else "could not be forked"
    return f"{ended}: {worker.reason}" if worker.reason else ended
