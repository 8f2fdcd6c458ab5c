"""The app as the master sees it: slots, who is wanted, and what follows when a worker ends.

Commands are tasks (`tasks`, `reload`): they launch and retire, and see first what becomes of
their workers. An end that no task explains is a crash, judged by `restart`.
"""

from __future__ import annotations

from typing import Protocol

from ..errors import PmError
from ..model import AppSpec, ListenerView, State
from .loop import Loop, now
from .news import News
from .rolling.generation import Generation
from .rolling.generations import Generations
from .rolling.templates import Templates
from .sockets.listeners import Listeners
from .sockets.scheduling import policy_of
from .workers.crashes import Crashes
from .workers.crew import Crew
from .workers.lastwords import LastWords
from .workers.memorylimit import MemoryLimit
from .workers.readiness import Expected
from .workers.slot import Slot
from .workers.worker import Worker


class Task(Protocol):
    """A command under way."""

    def ready(self, worker: Worker, /) -> None:
        """Take note that a worker can serve."""

    def ended(self, worker: Worker, /) -> bool:
        """Take note that a worker has ended; True if that is dealt with."""

    def settle(self) -> None:
        """See whether the task has come to its end; called after every change."""

    def cancel(self, error: PmError) -> None:
        """End at once, with this answer: a stop has come."""


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
        self.home = ""
        self.news = News(spec.name)
        self.listeners = Listeners(loop, spec.queue_depth, self._accepts, self._used)
        self.listeners.on_open = self._opened
        self.crew = Crew(loop, self.listeners, words.logs, self)
        self.listeners.policy_of = lambda handoff: policy_of(
            self.spec.scheduling, handoff, self.crew.by_launch
        )
        self.crashes = Crashes(self)
        self.memory = MemoryLimit(self)
        self.generations = Generations(loop, words.logs, Templates(self), spec, generation)

    # Slots.

    def slot(self, number: int) -> Slot:
        """Return a slot, made if it is new."""
        if number not in self.slots:
            self.slots[number] = Slot(number, self.generations.current)
        return self.slots[number]

    def launch(self, slot: Slot, generation: Generation | None = None) -> None:
        """Begin a worker in a slot; one that cannot even be tried leaves the slot errored."""
        slot.cancel()
        generation = generation or slot.generation
        try:
            self.generations.begin(generation)
            worker = self.crew.launch(slot.number, generation)
        except OSError as error:
            slot.lines = ()
            self.crashes.give_up(slot, cannot_run(error, generation.spec))
            self.settle_soon()
            return
        slot.idle = State.STOPPED
        slot.workers.append(worker)
        self.news.event("start", f"generation {generation.number}", slot)
        self.changed()

    def fill(self) -> None:
        """Launch in every wanted slot that is neither filled, nor waiting, nor errored."""
        for number in sorted(self.wanted):
            slot = self.slot(number)
            if not slot.workers and slot.idle is State.STOPPED and not slot.over:
                self.launch(slot)

    def sweep(self) -> None:
        """End the templates that no slot and no worker needs."""
        of_slots = [slot.generation for slot in self.slots.values()]
        self.generations.sweep([*of_slots, *(worker.generation for worker in self.crew)])

    # What the crew reports.

    def expected(self, worker: Worker) -> Expected:
        """Say what a worker has to do before it is ready: what its fellows do."""
        serving = [one for one in self.crew if one.state is State.ONLINE]
        own = bool(self.spec.increment_var)  # each slot has a port of its own
        keys = frozenset(key for one in serving for key in one.accepted if not own)
        themselves = any(one.own_ports for one in serving)
        # what it is given, it is not seen to accept from
        listens = self.known_to_listen and not worker.generation.spec.listen
        return Expected(listens, keys, serves_itself=themselves)

    def on_ready(self, worker: Worker, how: str) -> None:
        """A worker serves."""
        if worker.accepted:
            self.known_to_listen = True
        self.news.event("online", how, self.slots[worker.slot], worker.pid)
        self.memory.begin()
        for task in self.tasks:
            task.ready(worker)
        self.settle_soon()

    def on_gone(self, worker: Worker) -> None:
        """A worker has ended; one that failed to start is looked at with its last words."""
        self.changed()
        job = worker.generation.spec.ends
        failed = (worker.ready_at is None or job) and not worker.asked
        if failed and worker.pid:
            self.words.after(worker.pid, lambda: self._conclude(worker))
        else:
            self._conclude(worker)

    def _conclude(self, worker: Worker) -> None:
        slot = self.slots[worker.slot]
        slot.workers.remove(worker)
        slot.connections += sum(h.given.pop(worker.key, 0) for h in self.listeners)
        slot.last = worker.ended or slot.last
        self.news.event("exit", _ended_text(worker), slot, worker.pid)
        if not worker.asked:
            slot.lines = tuple(self.words.lines(worker))
        if not any(task.ended(worker) for task in list(self.tasks)):
            self.crashes.bury(slot, worker)
        self.sweep()
        self.settle_soon()

    def _accepts(self, member: object, key: str) -> None:
        worker = self.crew.by_launch(member)
        if worker is not None:
            worker.accepted.add(key)
            self.crew.lives.judge(worker)

    def _used(self, member: object) -> float | None:
        worker = self.crew.by_launch(member)
        return None if worker is None else worker.used()

    def _opened(self, view: ListenerView) -> None:
        self.known_to_listen = True
        self.news.event("listening", view.text)

    def changed(self) -> None:
        """Take note that something shown has changed."""
        self.news.dirty = True

    def settle_soon(self) -> None:
        """Let the tasks see, once this round of events is over, whether they are done."""
        self.loop.call_at(now(), self._settle)

    def _settle(self) -> None:
        for task in list(self.tasks):
            task.settle()


def cannot_run(error: OSError, spec: AppSpec) -> str:
    """Say in words why the program of a spec could not be started."""
    if error.filename == spec.cwd:
        return f"cannot run in {spec.cwd}: {error.strerror}"
    if error.filename in spec.listen:
        return f"cannot listen on {error.filename}: {error.strerror}"
    what = error.filename or spec.interpreter or spec.script
    return f"cannot run {what}{f' as {spec.user}' if spec.user else ''}: {error.strerror}"


def _ended_text(worker: Worker) -> str:
    ended = str(worker.ended) if worker.ended else "could not be forked"
    return f"{ended}: {worker.reason}" if worker.reason else ended
