"""Each worker's way from launched to ready to gone: performs what `life` and `readiness` decide."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ...model import Mode, Scheduling, State
from ...worker import board
from ...worker.sockets.conversation import BUSY, IDLE, OPAQUE, OPAQUE_ANSWERED, OPEN
from .. import process
from ..loop import Loop, now
from ..messages.mailbox import STOP
from ..sockets.lane import WAKE, Lane
from ..sockets.listeners import Listeners
from ..sockets.ownports import own_ports
from .life import Effect, Event, step
from .readiness import Expected, Facts, assess
from .worker import BLIND, BLIND_GRACE, Worker

_FIRST_LOOK = 0.025
_NEXT_LOOK = 0.05
_AWAKE = 0.01
"""Seconds that a process that only waits may run, or wait for a core, all the same."""
_FIRST_SEARCH = 1.0
_LAST_SEARCH = 64.0
_IDLE_GRACE = 1.0
"""Seconds in which one of the idle connections has to move to the next worker."""
_OPEN_GRACE = 1.0
"""Seconds in which a request has to come on a connection that only its worker can answer."""
_UNDER_WAY = frozenset({BUSY, OPAQUE})
_MOVABLE = frozenset({OPEN, IDLE})
_UNCLEAR = BLIND | {OPAQUE_ANSWERED}
"""Perhaps at rest, perhaps between two steps of something (a TLS handshake)."""


class Owner(Protocol):
    """Who decides what follows."""

    def expected(self, worker: Worker) -> Expected:
        """Say what a worker has to do before it is ready."""

    def on_ready(self, worker: Worker, how: str) -> None:
        """Take note that a worker can serve."""

    def on_gone(self, worker: Worker) -> None:
        """Take note that a worker has ended, or was never made (`ended` is None)."""

    def changed(self) -> None:
        """Take note that something shown has changed."""

    def settle_soon(self) -> None:
        """Let the commands under way see whether they are done."""


class Lives:
    """Follows the workers of one app."""

    def __init__(self, loop: Loop, listeners: Listeners, owner: Owner) -> None:
        self._loop = loop
        self._listeners = listeners
        self._owner = owner
        self.say_shutdown: Callable[[Worker], bool] = lambda _: False
        """Sends the message that ends a worker; False if it does not listen for messages."""

    def begin(self, worker: Worker) -> None:
        """Wait for a launched worker to become ready, for as long as its spec allows."""
        limit = worker.generation.spec.listen_timeout
        if limit:
            worker.timer = self._loop.call_at(
                worker.launched + limit, lambda: self._too_late(worker)
            )
        self.judge(worker)

    def judge(self, worker: Worker) -> None:
        """See whether a worker is ready, now that something about it has changed."""
        if worker.state is State.ONLINE:
            self._enter(worker)
        if worker.state is not State.LAUNCHING or worker.asked:
            return
        if worker.look is not None:
            worker.look.cancel()
        # from before the look: it may take long, and is no time in which the worker idles
        moment = now()
        verdict = assess(self._facts(worker), moment)
        if worker.ended is not None or process.has_ended(worker.pid):
            return  # its end is told next
        if verdict.ready and worker.pid:
            self._tell(worker, Event.READY)
            self._owner.on_ready(worker, verdict.how)
            worker.look = self._loop.call_at(
                now() + _FIRST_SEARCH, lambda: self._search(worker, _FIRST_SEARCH)
            )
        elif verdict.look_at is not None:
            worker.look = self._loop.call_at(verdict.look_at, lambda: self.judge(worker))

    def _facts(self, worker: Worker) -> Facts:
        spec, expected = worker.generation.spec, self._owner.expected(worker)
        if worker.pid and not worker.listened:
            family = process.family_of(worker.pid)
            used = sum(map(process.awake_seconds, family))
            first = not worker.cpu[1]
            if first or used - worker.cpu[0] >= _AWAKE or not all(map(process.is_waiting, family)):
                worker.cpu = (used, now())
            if not expected.listens:
                worker.own_ports = own_ports(worker, self._listeners)
        return Facts(
            since=worker.launched, wait_ready=spec.wait_ready, said_ready=worker.said_ready,
            known_to_listen=expected.listens, required=expected.keys, whole=expected.whole,
            joined=worker.joined, binds=any(worker.key in h.lanes for h in self._listeners),
            serves_itself=bool(worker.own_ports),
            fellows_serve=expected.serves_itself,
            listened=frozenset(worker.listened), accepted=frozenset(worker.accepted),
            last_listen=max(worker.listened.values(), default=0.0),
            idle_since=worker.cpu[1] if worker.pid else None, min_uptime=spec.min_uptime,
            listen_timeout=spec.listen_timeout,
            starved=process.starved_seconds(worker.pid) if worker.pid else 0.0,
        )  # fmt: skip

    def _search(self, worker: Worker, pause: float) -> None:
        """Look for ports of its own; again, less and less often, while it listens on nothing."""
        if worker.state is not State.ONLINE:
            return
        found = own_ports(worker, self._listeners)
        if found != worker.own_ports:
            worker.own_ports = found
            self._owner.changed()
        if not found and not worker.listened and pause < _LAST_SEARCH:
            worker.look = self._loop.call_at(
                now() + 2 * pause, lambda: self._search(worker, 2 * pause)
            )

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
        spec = worker.generation.spec
        shares = spec.scheduling is Scheduling.SHARED
        worker.mode = mode if spec.keepalive_handover and not shares else board.FINISH
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
        # Before and after: what is taken in between is shown by then, or in the states.
        elsewhere = worker.is_busy_elsewhere()
        states = worker.states()
        if elsewhere or worker.is_busy_elsewhere() or not _UNDER_WAY.isdisjoint(states):
            return False
        if worker.shelf.listening(STOP):
            return False
        if waited < BLIND_GRACE and not _UNCLEAR.isdisjoint(states):
            return False
        shares = _is_shared(self._listeners)
        if shares and any(lane.held(now()) for lane in _lanes(self._listeners, worker)):
            return False
        alone = shares or worker.mode != board.HAND_OVER
        if alone and waited < _OPEN_GRACE and OPEN in states:
            return False
        return worker.mode != board.HAND_OVER or not _moves(worker, states)

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
                self._enter(worker)
            elif effect is Effect.DRAIN:
                self._drain(worker)
            elif effect is Effect.SIGNAL:
                self.signal(worker)
            elif effect is Effect.KILL and worker.pid:
                process.send_group(worker.pid, signal.SIGKILL)
            elif effect is Effect.KILL:  # its template hangs, in an import say
                worker.generation.kill()

    def _enter(self, worker: Worker) -> None:
        for handoff in self._listeners:
            handoff.enter(worker.key)

    def _drain(self, worker: Worker) -> None:
        for handoff in self._listeners:
            handoff.retire(worker.key)
        worker.drained_at = now()
        worker.set_mode(worker.mode)
        if worker.drain >= 0:
            with suppress(OSError):  # the worker has just died, or closed what it did not know
                os.write(worker.drain, b"\1")
        if worker.link is None:
            return self._tell(worker, Event.QUIET)
        self.look(worker)

    def signal(self, worker: Worker) -> None:
        """Send the stop signal, then end a blocked accept() for those who only set a flag."""
        if not worker.pid:
            return
        for handoff in self._listeners:
            handoff.retire(worker.key)
        spec = worker.generation.spec
        if not (spec.shutdown_with_message and self.say_shutdown(worker)):
            whole_group = worker.link is None
            send = process.send_group if whole_group else process.send
            send(worker.pid, process.signal_number(spec.stop_signal))
        for lane in _lanes(self._listeners, worker):
            lane.send(WAKE)


def _is_shared(listeners: Listeners) -> bool:
    """True if workers take from a listener that they share: nobody else is given what one has."""
    return any(lane.shared for handoff in listeners for lane in handoff.lanes.values())


def _lanes(listeners: Listeners, worker: Worker) -> list[Lane]:
    return [handoff.lanes[worker.key] for handoff in listeners if worker.key in handoff.lanes]


def _moves(worker: Worker, states: list[int]) -> bool:
    """True while its idle connections leave it, one after the other."""
    left = sum(state in _MOVABLE for state in states)
    before, since = worker.moving
    if left < before or not since:
        worker.moving = left, now()
    return left > 0 and now() - worker.moving[1] < _IDLE_GRACE


def _missing(worker: Worker) -> str:
    spec = worker.generation.spec
    if spec.wait_ready:
        way = "pm.ready()" if spec.exec_mode is Mode.CLUSTER else "READY=1 to $NOTIFY_SOCKET"
        return f"it has not said that it is ready ({way})"
    waiting = set(worker.listened) - worker.accepted
    if waiting:
        return f"it listens but does not accept on {', '.join(sorted(waiting))}"
    return "it does not listen on any port"
