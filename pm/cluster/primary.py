"""The master of a program that forks its own workers: built on the engine of the daemon's masters.

Nothing of the process is taken: no signal, no other child, no thread. The loop has its turns in
`cluster.run()` or within an asyncio loop.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

from ..master import handoff as handoffs
from ..master import process
from ..master.crew import Crew
from ..master.listeners import Listeners
from ..master.loop import Loop
from ..master.notices import Notices
from ..master.postoffice import NOBODY, Full, PostOffice
from ..master.questions import Questions
from ..master.scheduling import policy_of
from ..master.worker import Worker as Inner
from ..worker import board
from ..worker.mailerrors import MailboxFull
from ..worker.post import encode
from . import options
from .events import Emitter
from .forked import Worker
from .hosts import Host
from .launch import Exits, Launch
from .outbox import Outbox
from .outcome import Outcome
from .policy import Choice
from .reports import Reports

_DEPTH = 64


class Primary:
    """Workers, listeners, and what is told of them."""

    def __init__(self, events: Emitter, policy: Choice) -> None:
        self.events = events
        self.policy = policy
        self.loop = Loop()
        self.outbox = Outbox(self.loop)
        self.outbox.on_empty = self._rest
        self.host = Host(self.loop, self.outbox)
        self.settings: dict[str, Any] = {}
        self.workers: dict[int, Worker] = {}
        """Those that run, and have not been told to end."""
        self.living: dict[int, Worker] = {}
        """Those whose end has not been told."""
        self.stopping = False
        """All workers are told to end, and none is forked."""
        self.outcomes: list[tuple[Callable[[], bool], Outcome[Any]]] = []
        """What is waited for, and who is told."""
        self._release = False
        """Nobody will serve the ports any more."""
        reports = Reports(self)
        self.listeners = Listeners(self.loop, _DEPTH, reports.accepts, reports.runs)
        self.crew = Crew(self.loop, self.listeners, None, reports)
        self.listeners.policy_of = lambda handoff: policy_of(
            self.policy.freeze(), handoff, self.crew.by_launch
        )
        self.exits = Exits(self.loop)
        questions = Questions(self.crew, self.listeners)
        questions.on_listen, questions.on_hang_up = reports.listens, reports.hung_up
        self.mail = PostOffice(self.loop, self.crew)
        self.mail.on_rest = self.crew.lives.look
        self.mail.on_message = reports.message
        self.notices = Notices(self.crew, self._slots)
        questions.others.update(
            self.mail.verbs, online=reports.online, leave=reports.leaves,
            slots=self.notices.say_slots,
        )  # fmt: skip
        self.crew.on_message = questions.receive

    def set_up(self, given: dict[str, Any]) -> None:
        """Lay settings over those that hold, for the workers forked from now on."""
        self.policy.freeze()
        changes = options.checked(given)
        self.settings = {**options.defaults(), **self.settings, **changes}
        told = dict(self.settings)
        self.outbox.later(lambda: self.outbox.tell(self.events, "setup", told))

    def fork(self, env: dict[str, Any]) -> Worker:
        """Start a worker; its events follow when the loop has its turn.

        While all workers are being stopped, the worker that is returned is never started.
        """
        self.set_up({})
        if self.stopping:
            return Worker()
        spec = options.spec_of(self.settings, _environ(env), self.policy.freeze())
        worker = Worker(self)
        launch = Launch(self.crew, self.exits, worker, spec, self.settings)
        self.outbox.later(lambda: self.outbox.tell(self.events, "fork", worker))
        worker.id = self.crew.launch(self._free_slot(), launch).launch
        self.workers[worker.id] = self.living[worker.id] = worker
        return worker

    def _free_slot(self) -> int:
        used = {inner.slot for inner in self.crew}
        return next(slot for slot in count() if slot not in used)

    def _slots(self) -> int:
        return max((inner.slot for inner in self.crew), default=-1) + 1

    def send(self, worker: Worker, message: object) -> bool:
        """Send a message to a worker; False if it is not there any more."""
        body = encode(message)
        inner = self.crew.by_launch(worker.id)
        if inner is None or not worker.connected:
            return False
        try:
            self.mail.deliver([inner], NOBODY, body)
        except Full as error:
            raise MailboxFull(error.message) from None
        return True

    def disconnect(self, worker: Worker) -> None:
        """Let a worker finish and end; it is in `workers` no longer."""
        inner = self.crew.by_launch(worker.id)
        self.workers.pop(worker.id, None)
        if inner is None or inner.asked:
            return
        worker.exited_after_disconnect = True
        mode = board.HAND_OVER if _has_heirs(inner, self.listeners) else board.FINISH
        inner.set_mode(mode)  # also of one that only starts: it leaves as it is told
        self.crew.lives.retire(inner, "disconnect", mode)

    def stop(self) -> None:
        """Refuse new connections, and let all workers finish and end."""
        self.stopping = True
        self.disconnect_all()

    def disconnect_all(self) -> None:
        """Refuse new connections, and let the workers that there are finish and end."""
        for handoff in self.listeners:
            handoff.gate.shut()
        workers = list(self.workers.values())
        self.workers.clear()
        for worker in workers:
            self.disconnect(worker)

    def when(self, condition: Callable[[], bool]) -> Outcome[None]:
        """Return what is done as soon as a condition holds, after all events that wait."""
        outcome: Outcome[None] = Outcome(self.host)
        self.outcomes.append((condition, outcome))
        self.outbox.later(lambda: None)
        return outcome

    def kill(self) -> None:
        """Kill all workers, with what they have started."""
        for inner in self.crew:
            if inner.pid:
                process.send_group(inner.pid, signal.SIGKILL)

    def is_empty(self) -> bool:
        """True if no worker lives."""
        return not self.living

    async def finish(self) -> None:
        """Stop all workers, wait for their end, and leave the asyncio loop."""
        self.stop()
        await self.when(self.is_empty)
        self.rest()
        self.host.leave_asyncio()

    def rest(self) -> None:
        """Release the ports: the program does not serve any longer."""
        self.listeners.close_all()
        self.stopping = False

    def forget(self, worker: Worker) -> None:
        """Leave out a worker that has ended."""
        self._release = bool(worker.exited_after_disconnect)
        self.workers.pop(worker.id, None)
        self.living.pop(worker.id, None)

    def _rest(self) -> None:
        """Release the ports once the last worker has left as it was told to; tell who waits."""
        if not self.living and self._release:
            self.listeners.close_all()
        for waiting in [waiting for waiting in self.outcomes if waiting[0]()]:
            self.outcomes.remove(waiting)
            waiting[1].succeed(None)


def let_go(primary: Primary) -> None:
    """Close what a forked child has inherited: it is no primary, and has no workers."""
    for handoff in primary.listeners:
        handoffs.let_go(handoff)
    for inner in primary.crew:
        inner.close()
        if inner.link is not None:
            inner.link.close()
        if inner.drain >= 0:
            os.close(inner.drain)
    primary.exits.close()
    primary.loop.close()


def _has_heirs(inner: Inner, listeners: Listeners) -> bool:
    """True if on each listener of a worker another one takes connections."""
    served = [handoff.lanes for handoff in listeners if inner.key in handoff.lanes]
    return all(
        any(lane.entered for member, lane in lanes.items() if member != inner.key)
        for lanes in served
    )


def _environ(added: dict[str, Any]) -> dict[str, str]:
    """Return this program's environment with more; None takes a variable away."""
    environ = {**os.environ, **{str(name): value for name, value in added.items()}}
    return {name: str(value) for name, value in environ.items() if value is not None}
