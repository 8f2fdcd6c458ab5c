"""Makes workers, follows their lives and ends them: the effects of `life` and `readiness`."""

from __future__ import annotations

import _socket
import itertools
import mmap
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Protocol

from ..model import AppSpec, Mode, State
from ..worker import board
from ..worker.conversation import BUSY, IDLE, OPEN
from . import process
from .generation import Generation
from .life import Effect, Event, Life, step
from .listeners import Listeners
from .loop import Loop, now
from .pipes import Logs, Pipes
from .readiness import Facts, assess
from .restart import Exit
from .worker import BLIND, BLIND_GRACE, Worker

_FIRST_LOOK = 0.025
_NEXT_LOOK = 0.05
_IDLE_GRACE = 1.0
"""Seconds that idle connections are given to move to the next worker."""
_UNDER_WAY = frozenset({BUSY})
_MOVABLE = frozenset({OPEN, IDLE})


class Owner(Protocol):
    """Who decides what follows."""

    known_to_listen: bool

    def on_ready(self, worker: Worker, how: str) -> None:
        """Take note that a worker can serve."""

    def on_gone(self, worker: Worker) -> None:
        """Take note that a worker has ended, or was never made (`ended` is None)."""

    def changed(self) -> None:
        """Take note that something shown has changed."""


class Crew:
    """All workers of one app, by launch and by pid."""

    def __init__(self, loop: Loop, listeners: Listeners, logs: Logs, owner: Owner) -> None:
        self._loop = loop
        self._listeners = listeners
        self._logs = logs
        self._owner = owner
        self._launches = itertools.count(1)
        self._by_launch: dict[int, Worker] = {}
        self._by_pid: dict[int, Worker] = {}
        self._unclaimed: dict[int, Exit] = {}
        """Exits of workers whose pid the template has not told us yet."""
        self.on_message: Callable[[Worker], None] = lambda worker: None
        """Called when a worker's link is readable."""

    def __iter__(self) -> itertools.chain[Worker]:
        return itertools.chain(list(self._by_launch.values()))

    def by_launch(self, launch: object) -> Worker | None:
        """Return a living worker."""
        return self._by_launch.get(launch) if isinstance(launch, int) else None

    def launch(self, slot: int, generation: Generation) -> Worker:
        """Begin a worker in a slot. Raises OSError if it cannot even be tried."""
        spec = generation.spec
        life = Life(drain_limit=spec.kill_timeout, kill_timeout=spec.kill_timeout)
        worker = Worker(next(self._launches), slot, generation, life)
        if spec.exec_mode is Mode.CLUSTER:
            self._fork(worker)
        else:
            self._exec(worker)
        self._by_launch[worker.launch] = worker
        limit = worker.launched + spec.listen_timeout
        worker.timer = self._loop.call_at(limit, lambda: self._too_late(worker))
        self._judge(worker)
        return worker

    def _fork(self, worker: Worker) -> None:
        ours, theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        page = board.create()
        reader, worker.drain = os.pipe2(os.O_CLOEXEC)
        worker.link = ours
        worker.pages[0] = board.attach(page)
        worker.pipes = Pipes(self._logs, worker.slot)
        self._loop.watch(ours.fileno(), select.EPOLLIN, lambda _: self.on_message(worker))
        order: dict[str, object] = {
            "slot": worker.slot,
            "generation": worker.generation.number,
            "environ": environ(worker.generation.spec, worker),
        }
        fds = [theirs.detach(), page, reader, worker.pipes.out, worker.pipes.error]
        worker.generation.fork(worker.launch, order, fds)

    def _exec(self, worker: Worker) -> None:
        spec = worker.generation.spec
        pipes = Pipes(self._logs, worker.slot)
        try:
            pid = process.spawn_worker(spec, environ(spec, worker), pipes.out, pipes.error)
        except OSError:
            pipes.abandon()
            raise
        pipes.follow(pid)
        self._claim(worker, pid)

    def forked(self, launch: int, pid: int) -> None:
        """Take note of the pid that the template has made for a launch; 0: it could not."""
        worker = self._by_launch[launch]
        assert worker.pipes is not None
        if not pid:
            worker.pipes.unread()
            return self._gone(worker, None)
        worker.pages[pid] = worker.pages.pop(0)
        worker.pipes.read_as(pid)
        self._claim(worker, pid)

    def lost(self, launch: int, ended: Exit | None, reason: str) -> None:
        """Take note that a launch came to nothing, because the template ended."""
        worker = self._by_launch[launch]
        if worker.pipes is not None:
            worker.pipes.unread()
        worker.reason = reason
        self._gone(worker, ended)

    def _claim(self, worker: Worker, pid: int) -> None:
        worker.pid = pid
        worker.cpu = (0, now())
        self._by_pid[pid] = worker
        if worker.state is State.STOPPING:
            self._perform(worker, (Effect.SIGNAL,))
        if pid in self._unclaimed:
            self.exited(pid, self._unclaimed.pop(pid))
        self._owner.changed()

    def exited(self, pid: int, ended: Exit) -> bool:
        """Take note of a reaped process; True if it was a worker."""
        worker = self._by_pid.get(pid)
        if worker is None:
            if any(not w.pid for w in self._by_launch.values()):
                self._unclaimed[pid] = ended
            return False
        self._gone(worker, ended)
        return True

    def _gone(self, worker: Worker, ended: Exit | None) -> None:
        worker.ended = ended
        self._by_launch.pop(worker.launch, None)
        self._by_pid.pop(worker.pid, None)
        if not any(not w.pid for w in self._by_launch.values()):
            self._unclaimed.clear()
        self._listeners.withdraw(worker.key)
        worker.life, _ = step(worker.life, Event.EXITED, now())
        worker.close()
        if worker.link is not None:
            self._loop.forget(worker.link.fileno())
            worker.link.close()
        if worker.drain >= 0:
            os.close(worker.drain)
        if worker.pid:
            self._end_group(worker)
        self._owner.on_gone(worker)

    def _end_group(self, worker: Worker) -> None:
        """End what a worker has left in its process group."""
        pid = worker.pid
        if not process.group_lives(pid):
            return
        spec = worker.generation.spec
        process.send_group(pid, signal.SIGTERM)
        limit = now() + spec.kill_timeout
        self._loop.call_at(limit, lambda: process.send_group(pid, signal.SIGKILL))

    # Ready.

    def accepts(self, launch: object, key: str) -> None:
        """Take note that a worker has taken its probe on a listener."""
        worker = self.by_launch(launch)
        if worker is None:
            return
        worker.accepted.add(key)
        if worker.state is State.ONLINE:
            self._listeners.enter(worker.key)
            self._owner.changed()
        self._judge(worker)

    def listens(self, worker: Worker, key: str) -> None:
        """Take note that a worker has called listen() on a key."""
        worker.listened[key] = now()
        self._judge(worker)

    def closed(self, worker: Worker, key: str) -> None:
        """Take note that a worker has closed a listener."""
        worker.listened.pop(key, None)
        worker.accepted.discard(key)
        self._judge(worker)

    def says_ready(self, worker: Worker) -> None:
        """Take note of the worker's own word."""
        worker.said_ready = True
        self._judge(worker)

    def _judge(self, worker: Worker) -> None:
        if worker.state is not State.LAUNCHING or worker.asked:
            return
        if worker.look is not None:
            worker.look.cancel()
        verdict = assess(self._facts(worker), now())
        if verdict.ready and worker.pid:
            self._tell(worker, Event.READY)
            self._owner.on_ready(worker, verdict.how)
        elif verdict.look_at is not None:
            worker.look = self._loop.call_at(verdict.look_at, lambda: self._judge(worker))

    def _facts(self, worker: Worker) -> Facts:
        spec = worker.generation.spec
        required = {k for w in self if w.state is State.ONLINE for k in w.accepted}
        if worker.pid and not worker.listened:
            ticks = process.cpu_ticks(worker.pid)
            if ticks != worker.cpu[0]:
                worker.cpu = (ticks, now())
        return Facts(
            since=worker.launched, wait_ready=spec.wait_ready, said_ready=worker.said_ready,
            known_to_listen=self._owner.known_to_listen, required=frozenset(required),
            listened=frozenset(worker.listened), accepted=frozenset(worker.accepted),
            last_listen=max(worker.listened.values(), default=0.0),
            idle_since=worker.cpu[1] if worker.pid else None, min_uptime=spec.min_uptime,
        )  # fmt: skip

    def _too_late(self, worker: Worker) -> None:
        if worker.state is not State.LAUNCHING:
            return
        limit = worker.generation.spec.listen_timeout
        worker.reason = f"not ready within {limit:g} s: {_missing(worker)}"
        worker.timed_out = True
        self._tell(worker, Event.RETIRE)

    # The end.

    def retire(self, worker: Worker, reason: str, mode: int) -> None:
        """Let a worker finish and stop it; `mode` says where its idle connections go."""
        if worker.asked:
            return
        worker.asked = True
        worker.reason = reason
        worker.mode = mode
        self._tell(worker, Event.RETIRE)
        self._owner.changed()

    def look(self, worker: Worker) -> None:
        """See whether a draining worker has come to rest."""
        if worker.state is not State.DRAINING:
            return
        waited = now() - worker.drained_at
        if waited >= _FIRST_LOOK and self._rests(worker, waited):
            return self._tell(worker, Event.QUIET)
        if worker.look is not None:
            worker.look.cancel()
        # A bounded watch: a connection may end without a word (a socket that is only dropped).
        pause = _NEXT_LOOK if waited >= _FIRST_LOOK else _FIRST_LOOK - waited
        worker.look = self._loop.call_at(now() + pause, lambda: self.look(worker))

    def _rests(self, worker: Worker, waited: float) -> bool:
        if worker.busy(_UNDER_WAY):
            return False
        if waited < BLIND_GRACE and worker.busy(BLIND):
            return False
        moving = worker.mode == board.HAND_OVER and waited < _IDLE_GRACE
        return not (moving and worker.busy(_MOVABLE))

    def _tell(self, worker: Worker, event: Event) -> None:
        before = worker.state
        worker.life, effects = step(worker.life, event, now())
        if worker.state is not before:
            if worker.timer is not None:
                worker.timer.cancel()
            self._owner.changed()
        self._perform(worker, effects)
        if worker.life.deadline is not None:
            worker.timer = self._loop.call_at(
                worker.life.deadline, lambda: self._tell(worker, Event.TICK)
            )

    def _perform(self, worker: Worker, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if effect is Effect.ENTER:
                worker.ready_at = time.time()
                self._listeners.enter(worker.key)
            elif effect is Effect.DRAIN:
                self._drain(worker)
            elif effect is Effect.SIGNAL:
                self._signal(worker)
            elif effect is Effect.KILL and worker.pid:
                process.send_group(worker.pid, signal.SIGKILL)

    def _drain(self, worker: Worker) -> None:
        self._listeners.retire(worker.key)
        worker.drained_at = now()
        worker.set_mode(worker.mode)
        if worker.drain >= 0:
            os.write(worker.drain, b"\1")
        if worker.link is None:
            return self._tell(worker, Event.QUIET)
        self.look(worker)

    def _signal(self, worker: Worker) -> None:
        """Send the stop signal, then end a blocked accept() for those who only set a flag."""
        if not worker.pid:
            return
        self._listeners.retire(worker.key)
        number = signal.Signals[worker.generation.spec.stop_signal]
        whole_group = worker.link is None
        (process.send_group if whole_group else process.send)(worker.pid, number)
        self._listeners.wake(worker.key)


def environ(spec: AppSpec, worker: Worker) -> dict[str, str]:
    """Return the variables that a worker finds besides the app's own."""
    added = {
        "PM_APP": spec.name,
        "PM_SLOT": str(worker.slot),
        "PM_GENERATION": str(worker.generation.number),
    }
    if spec.instance_var:
        added[spec.instance_var] = str(worker.slot)
    return added


def attach_page(worker: Worker, pid: int, fd: int) -> None:
    """Follow a board of a worker's forked child."""
    page: mmap.mmap = board.attach(fd)
    old = worker.pages.pop(pid, None)
    if old is not None:
        old.close()
    worker.pages[pid] = page


def _missing(worker: Worker) -> str:
    if worker.generation.spec.wait_ready:
        return "it has not said that it is ready (pm.ready())"
    waiting = set(worker.listened) - worker.accepted
    if waiting:
        return f"it listens but does not accept on {', '.join(sorted(waiting))}"
    return "it does not listen on any port"
