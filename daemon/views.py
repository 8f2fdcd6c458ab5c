"""What is shown of an app, from what is kept of it and what its master last said. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from pm.control import Status
from pm.home import log_files
from pm.model import AppView, ListenerView, State, WorkerView
from pm.record import dataclass, field, replace

from .metrics import NOTHING, Usage
from .ordering.standing import Verdict
from .records.history import History
from .records.record import Record

_ORDER = (
    State.ONLINE, State.LAUNCHING, State.WAITING, State.DRAINING, State.STOPPING, State.SCHEDULED,
    State.ERRORED,
)  # fmt: skip
"""An app is in the first of these states that one of its workers is in."""

_RESTING = (State.STOPPED, State.WAITING, State.ERRORED)
"""What a slot of a job is in between two runs, but for its schedule."""


@dataclass(frozen=True)
class Facts:
    """What is known of an app beside its record."""

    home: str
    status: Status | None = None
    """The master's last word, kept when it has gone."""
    master: int = 0
    """Pid of the living master, or 0."""
    fault: str = ""
    """Why the daemon gave the app up, or empty."""
    history: History = field(default_factory=History)
    waits: Verdict = field(default_factory=Verdict)


def app_view(record: Record, facts: Facts) -> AppView:
    """Show one app."""
    workers = _workers(record, facts)
    status, alive, spec = facts.status, bool(facts.master), record.spec
    state = _app_state(workers, facts.fault)
    out, error, both = log_files(facts.home, spec)
    return AppView(
        name=record.name,
        namespace=spec.namespace,
        exec_mode=spec.exec_mode,
        state=state,
        wanted=State.ONLINE if record.wanted else State.STOPPED,
        workers=workers,
        script=spec.script,
        created_at=record.created_at,
        generation=status.generation if status and alive else record.generation,
        master_pid=facts.master,
        reason=facts.fault or _reason(workers, state),
        waits_for=tuple(needed.app for needed in facts.waits.waits),
        listeners=status.listeners if status and alive else (),
        notes=status.notes if status and alive else (),
        out_file=out,
        error_file=error,
        log_file=both,
    )


def _workers(record: Record, facts: Facts) -> tuple[WorkerView, ...]:
    ids = {s.slot: s.id for s in record.slots}
    said = facts.status.workers if facts.status and facts.master else ()
    living = [w for w in said if w.slot in ids or w.pid]
    wanted = frozenset(record.wanted)
    silent = ids.keys() - {w.slot for w in living}
    absent = [_absent(facts.history.seen.get(s, WorkerView(s)), s in wanted, facts) for s in silent]
    shown = []
    for worker in sorted((*living, *absent), key=lambda w: w.slot):
        if facts.waits.waits and worker.slot in wanted and not worker.pid:
            reason = f"waiting for {facts.waits.words}"
            worker = replace(worker, state=State.LAUNCHING, reason=reason)
        restarts = worker.restarts + facts.history.carried.get(worker.slot, 0)
        if record.spec.cron and worker.slot in wanted and worker.state in _RESTING:
            worker = replace(worker, state=State.SCHEDULED, reason="")
        shown.append(replace(worker, id=ids.get(worker.slot, -1), restarts=restarts))
    return tuple(shown)


def _absent(last: WorkerView, wanted: bool, facts: Facts) -> WorkerView:
    """Show a slot that no master speaks of: nothing is running in it."""
    state = State.STOPPED
    if wanted and facts.master:
        state = State.LAUNCHING
    elif wanted:
        state = State.ERRORED if facts.fault else State.WAITING
    reason = facts.fault or (last.reason if last.state in (State.STOPPED, State.ERRORED) else "")
    return replace(last, state=state, pid=0, started_at=0.0, connections=0, open=0, reason=reason)


def _app_state(workers: Iterable[WorkerView], fault: str) -> State:
    states = {w.state for w in workers}
    if fault and State.ONLINE not in states:
        return State.ERRORED
    return next((state for state in _ORDER if state in states), State.STOPPED)


def _reason(workers: Iterable[WorkerView], state: State) -> str:
    troubled = (State.ERRORED, State.WAITING, state)
    return next((w.reason for w in workers if w.reason and w.state in troubled), "")


def only(view: AppView, slots: tuple[int, ...] | None) -> AppView:
    """Show the chosen slots alone; None shows all."""
    if slots is None:
        return view
    return replace(view, workers=tuple(w for w in view.workers if w.slot in slots))


def with_usage(view: AppView, usage: Mapping[int, Usage]) -> AppView:
    """Fill in what the workers use of the machine, by pid."""
    used = ((w, usage.get(w.pid, NOTHING)) for w in view.workers)
    return replace(view, workers=tuple(replace(w, cpu=u.cpu, memory=u.memory) for w, u in used))


def count(number: int, noun: str = "worker") -> str:
    """Say "1 worker", "2 workers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def moment(at: float) -> str:
    """Say "2026-11-24 03:00:00 CET", in the daemon's time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at))


def how_online(workers: int, listeners: Iterable[ListenerView]) -> str:
    """Say "4 workers on 127.0.0.1:8000"."""
    places = ", ".join(listener.text for listener in listeners)
    return f"{count(workers)} on {places}" if places else count(workers)
