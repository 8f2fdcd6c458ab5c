"""Whether an app may begin, as those stand that it depends on. Pure.

Judged anew at each change, from what is, not from what has been told: so it makes no difference
who starts the others, in which request, or whether the daemon has been another one meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pm.codec import suggest
from pm.dependency import Condition, Dependency
from pm.model import AppSpec, AppView, State, WorkerView
from pm.record import dataclass

from .course import Course

_WORDS = {
    Condition.STARTED: "to be started",
    Condition.READY: "to be ready",
    Condition.COMPLETED: "to be completed",
}


@dataclass(frozen=True)
class Standing:
    """How one app stands, for those that depend on it."""

    state: State
    wanted: bool = True
    started: bool = False
    """A process of it is there."""
    completed: bool = False
    job: bool = False
    """It is there to be completed: it listens on nothing."""
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """What an app waits for, or why it cannot begin; neither: it may."""

    waits: tuple[Dependency, ...] = ()
    refusal: str = ""
    hint: str = ""

    @property
    def words(self) -> str:
        """Say what it waits for: "`db` to be ready"."""
        return ", ".join(f"`{one.app}` {_WORDS[one.condition]}" for one in self.waits)


_MET = Verdict()


def standing_of(view: AppView, spec: AppSpec) -> Standing:
    """Say how an app stands."""
    workers = view.workers
    completed = bool(workers) and all(_has_completed(worker, spec) for worker in workers)
    return Standing(
        view.state,
        view.wanted is State.ONLINE,
        started=any(worker.pid for worker in workers),
        completed=completed,
        job=not (spec.autorestart or spec.wait_ready or view.listeners),
        reason=view.reason,
    )


def _has_completed(worker: WorkerView, spec: AppSpec) -> bool:
    return worker.over and worker.exit_code in (0, *spec.stop_exit_codes)


def judge(
    needs: Iterable[Dependency],
    standings: Mapping[str, Standing],
    course: Course,
    known: Iterable[str] = (),
) -> Verdict:
    """Decide whether an app may begin; `known` are all names, for a suggestion."""
    waits: list[Dependency] = []
    for needed in needs:
        verdict = _judge_one(needed, standings.get(needed.app), course)
        if verdict.refusal:
            near = "" if needed.app in standings else suggest(needed.app, known)
            return Verdict(refusal=verdict.refusal, hint=near or verdict.hint)
        waits += verdict.waits
    return Verdict(tuple(waits))


def _judge_one(needed: Dependency, it: Standing | None, course: Course) -> Verdict:
    name, wait = needed.app, Verdict((needed,))
    if name in course.failed:
        return _refused(name, course.failed[name], f"`pm describe {name}` says more")
    if name in course.pending:
        begun = needed.condition is Condition.STARTED and it is not None and it.started
        return _MET if begun else wait
    if it is None:
        return _refused(name, "is not in the list", "start it too, or take it out of depends_on")
    if it.completed or _meets(needed.condition, it):
        return _MET
    if it.state is State.ERRORED:
        return _refused(name, _with("is errored", it), f"`pm start {name}` tries again")
    if not it.wanted:
        return _refused(name, "is stopped", f"`pm start {name}` starts it")
    if it.state is State.SCHEDULED:
        return _refused(name, "is started by the clock", f"`pm restart {name}` runs it now")
    if it.state is State.STOPPED:
        return _refused(name, _with("was not completed", it), f"`pm logs {name}` may say why")
    return wait


def _meets(condition: Condition, it: Standing) -> bool:
    if condition is Condition.STARTED:
        return it.started
    return condition is Condition.READY and it.state is State.ONLINE and not it.job


def _refused(name: str, why: str, hint: str) -> Verdict:
    return Verdict(refusal=f"it depends on `{name}`, which {why}", hint=hint)


def _with(words: str, it: Standing) -> str:
    return f"{words}: {it.reason}" if it.reason else words
