"""Jobs: apps that are started by the clock, one run at a time, and rest in between.

A job that is wanted has its schedule; it has a master only while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from pm.errors import PmError
from pm.model import State, WorkerView
from pm.record import replace
from pm.upkeep import Run

from ..app import App
from ..ordering.turns import Ticket
from ..records.record import Job

STOPPED = "stopped"
_UNSEEN = "its end was not seen"


async def begin(app: App, ticket: Ticket) -> str:
    """Begin a run; returns what its master says, raises PmError if it fails at once.

    What becomes of it is seen by `conclude`, whoever began it.
    """
    job, now = app.record.job, time.time()
    app.commit(replace(app.record, job=replace(job, running=now)))
    try:
        return await app.run(ticket)
    except PmError as error:
        if app.masters.link is None:  # nothing of it ever ran
            note(app, Run(now, reason=f"did not begin: {error.message}"))
        raise


def refuse(app: App) -> str:
    """Refuse a run because the one before is still under way; returns why."""
    job = app.record.job
    app.commit(replace(app.record, job=replace(job, skipped=job.skipped + 1)), must=False)
    since = time.strftime("%H:%M:%S", time.localtime(job.running))
    return f"skipped: the run of {since} is still under way"


def is_over(app: App) -> bool:
    """True if a run was begun, and nothing of it runs any more."""
    if not app.record.job.running:
        return False
    status = app.masters.status
    if app.masters.link is None or status is None:
        return app.masters.link is None
    workers = {worker.slot: worker for worker in status.workers}
    return bool(workers) and all(_has_ended(worker) for worker in workers.values())


async def conclude(app: App) -> Run | None:
    """Keep the result of a run that is over, and see its master off."""
    if not is_over(app):
        return None
    run = result(app)
    note(app, run)
    await app.halt(Ticket("cron"))
    return run


def cut_short(app: App) -> None:
    """Keep that a run was stopped, if there was one."""
    if app.record.job.running:
        note(app, Run(app.record.job.running, time.time(), reason=STOPPED))


def note(app: App, run: Run) -> None:
    """Keep the result of a run."""
    job = Job(last=run, skipped=app.record.job.skipped)
    app.commit(replace(app.record, job=job), must=False)


def result(app: App) -> Run:
    """Say what became of a run that is over."""
    began = app.record.job.running
    if app.masters.link is None or app.masters.status is None:
        return Run(began, reason=_UNSEEN)
    worst = _worst(app.masters.status.workers)
    reason = "" if worst.exit_code is not None or worst.exit_signal else worst.reason or _UNSEEN
    return Run(began, time.time(), worst.exit_code, worst.exit_signal, reason)


def _worst(workers: Iterable[WorkerView]) -> WorkerView:
    """Return one that failed, if any did."""
    ordered = sorted(workers, key=lambda worker: worker.slot)
    return next((worker for worker in ordered if worker.exit_code != 0), ordered[0])


def _has_ended(worker: WorkerView) -> bool:
    """True if it ran: a slot that is still to be filled has no result yet."""
    known = worker.exit_code is not None or worker.exit_signal or worker.state is State.ERRORED
    return not worker.pid and worker.state in (State.STOPPED, State.ERRORED) and bool(known)
