"""The master of a program that forks its own workers: Node's primary.

Its loop has its turns in `cluster.run()` or within an asyncio loop (`hosts`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..master.loop import Loop
from ..worker import board
from . import options
from .delays import Delays
from .engine import Engine
from .events import Emitter
from .forked import Worker
from .hosts import Host
from .launch import Launch
from .outbox import Outbox
from .outcome import Outcome
from .policy import Choice
from .reports import Reports, successor
from .rolling import Reloads
from .triggers import Triggers


class Primary:
    """Workers, and what is told of them."""

    def __init__(self, events: Emitter, policy: Choice) -> None:
        self.events = events
        self.loop = Loop()
        self.outbox = Outbox(self.loop)
        self.outbox.on_empty = self._settle
        self.delays = Delays(self.loop, lambda: self.outbox.later(lambda: None))
        self.host = Host(self.loop, self.outbox)
        self.settings: dict[str, Any] = {}
        self.workers: dict[int, Worker] = {}
        """Those that run, and have not been told to end."""
        self.living: dict[int, Worker] = {}
        """Those whose end has not been told."""
        self.stopping = False
        """All workers are told to end, and none is forked."""
        self.reloads = Reloads(self)
        self.triggers = Triggers(self.loop, self.reloads.ask)
        self.engine = Engine(self.loop, Reports(self), policy)
        self._policy = policy
        self._outcomes: list[tuple[Callable[[], bool], Outcome[None]]] = []
        """What is waited for, and who is told."""
        self._release = False
        """The last that ended was told to: nobody will serve the ports any more."""

    def set_up(self, given: dict[str, Any]) -> None:
        """Lay settings over those that hold, for the workers forked from now on."""
        self._policy.freeze()
        changes = options.checked(given)
        self.settings = {**options.defaults(), **self.settings, **changes}
        self.triggers.set(self.settings)
        told = dict(self.settings)
        self.outbox.later(lambda: self.outbox.tell(self.events, "setup", told))

    def fork(self, env: dict[str, Any]) -> Worker:
        """Start a worker; its events follow when the loop has its turn.

        While all workers are being stopped, the worker that is returned is never started. When
        called for the exit of a worker that a reload replaces, it returns the replacement.
        """
        replaced = successor.get()
        if replaced is not None:
            return replaced
        self.set_up({})
        if self.stopping:
            return Worker()
        spec = options.spec_of(self.settings, _environ(env), self._policy.freeze())
        return self.start(Launch(self.engine, Worker(self), spec, self.settings))

    def start(self, launch: Launch) -> Worker:
        """Start the worker of a launch, in its slot."""
        worker = launch.member
        self.outbox.later(lambda: self.outbox.tell(self.events, "fork", worker))
        slot = self.engine.free_slot() if launch.slot < 0 else launch.slot
        worker.id = self.engine.crew.launch(slot, launch).launch
        self.workers[worker.id] = self.living[worker.id] = worker
        return worker

    def send(self, worker: Worker, message: object) -> bool:
        """Send a message to a worker; False if it is not there any more."""
        return self.engine.send(worker.id if worker.connected else 0, message)

    def disconnect(self, worker: Worker) -> None:
        """Let a worker finish and end; it is in `workers` no longer."""
        inner = self.engine.crew.by_launch(worker.id)
        self.workers.pop(worker.id, None)
        if inner is None or inner.asked:
            return
        worker.exited_after_disconnect = True
        mode = board.HAND_OVER if self.engine.has_heirs(inner) else board.FINISH
        inner.set_mode(mode)  # also of one that only starts: it leaves as it is told
        self.engine.crew.lives.retire(inner, "disconnect", mode)

    def disconnect_all(self) -> None:
        """Refuse new connections, and let the workers that there are finish and end."""
        for handoff in self.engine.listeners:
            handoff.gate.shut()
        self.reloads.leave_off()
        workers = list(self.workers.values())
        self.workers.clear()
        for worker in workers:
            self.disconnect(worker)

    def stop(self) -> None:
        """Let all workers finish and end; a second time, kill them."""
        if self.stopping:
            return self.engine.kill()
        self.stopping = True
        self.disconnect_all()

    def when(self, condition: Callable[[], bool]) -> Outcome[None]:
        """Return what is done as soon as a condition holds, after all events that wait."""
        outcome: Outcome[None] = Outcome(self.host)
        self._outcomes.append((condition, outcome))
        self.outbox.later(lambda: None)
        return outcome

    def is_empty(self) -> bool:
        """True if no worker lives, nor will one be forked by a timer."""
        return not self.living and (self.stopping or not self.delays)

    async def finish(self) -> None:
        """Stop all workers, wait for their end, and leave the asyncio loop."""
        if not self.stopping:
            self.stop()
        await self.when(self.is_empty)
        self.rest()
        self.host.leave_asyncio()

    def rest(self) -> None:
        """Release the ports: the program does not serve any longer."""
        self.engine.listeners.close_all()
        self.triggers.leave()
        self.delays.cancel()
        self.stopping = False

    def let_go(self) -> None:
        """Close what a forked child has inherited: all of it goes on in its parent."""
        self.triggers.let_go()
        self.engine.let_go()

    def forget(self, worker: Worker) -> None:
        """Leave out a worker that has ended."""
        self._release = bool(worker.exited_after_disconnect)
        self.workers.pop(worker.id, None)
        self.living.pop(worker.id, None)

    def _settle(self) -> None:
        """Release the ports once the last worker has left as it was told to; tell who waits."""
        if not self.living and self._release:
            self.engine.listeners.close_all()
        for waiting in [waiting for waiting in self._outcomes if waiting[0]()]:
            self._outcomes.remove(waiting)
            waiting[1].succeed(None)


def _environ(added: dict[str, Any]) -> dict[str, str]:
    """Return this program's environment with more; None takes a variable away."""
    environ = {**os.environ, **{str(name): value for name, value in added.items()}}
    return {name: str(value) for name, value in environ.items() if value is not None}
