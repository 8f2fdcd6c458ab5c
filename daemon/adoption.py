"""At the start: find living masters again, start those that are wanted and gone."""

from __future__ import annotations

import asyncio
import logging
import time

from pm.model import AppSpec, State
from pm.record import replace

from .app import App
from .masters import launch, leftovers, runfile
from .masters.runfile import RunFile
from .ordering.turns import Ticket
from .records.record import Record, Slot
from .supervisor import Supervisor

_log = logging.getLogger(__name__)


async def adopt_all(daemon: Supervisor) -> None:
    """Take over from the daemon before; returns when all living masters have answered."""
    runs = {run.app: run for run in runfile.read_all(daemon.place.home)}
    known = [(app, runs.get(name)) for name, app in daemon.apps.items()]
    strangers = [run for name, run in runs.items() if name not in daemon.apps]
    work = [_adopt(daemon, app, run) for app, run in known]
    work += [_adopt_stranger(daemon, run) for run in strangers]
    await asyncio.gather(*(daemon.logged(one) for one in work))
    daemon.upkeep.begin()
    # Files of an app that is wanted, or that had a master, are the app's own business by now.
    used = [name for name, app in daemon.apps.items() if app.record.wanted or name in runs]
    runfile.sweep(daemon.place.home, used)


async def _adopt(daemon: Supervisor, app: App, run: RunFile | None) -> None:
    if await app.adopt(run) and _runs_as_wanted(app):
        return
    ticket = Ticket("recovery")

    async def work() -> None:
        if app.record.lasting:
            await app.run(ticket)
        else:
            await app.halt(ticket)
            daemon.upkeep.rested(app)

    if app.record.lasting or run is not None:
        daemon.background(app.turns.run(ticket.verb, work))


def _runs_as_wanted(app: App) -> bool:
    """True if the master knows of all wanted slots, and of no others that run."""
    workers = app.masters.status.workers if app.masters.status else ()
    wanted = set(app.record.wanted)
    running = {worker.slot for worker in workers if worker.state is not State.STOPPED}
    return bool(wanted) and running <= wanted <= {worker.slot for worker in workers}


async def _see_off(run: RunFile) -> None:
    count = await leftovers.dismiss(run, AppSpec(run.app, "unknown", "/"))
    if count:
        _log.info("%s: %d workers of a dead master have ended", run.app, count)


async def _adopt_stranger(daemon: Supervisor, run: RunFile) -> None:
    """Take a master that the store does not know into the list: the store has been lost.

    Of one that has died the workers are seen off, with what is usual: its spec has died with it.
    """
    status = await launch.ask(daemon.place, run)
    if status is None or status.spec is None:
        daemon.background(_see_off(run))
        return
    numbers = sorted({worker.slot for worker in status.workers}) or [0]
    slots = tuple(Slot(number, daemon.next_id + i) for i, number in enumerate(numbers))
    spec = replace(status.spec, instances=len(numbers))
    app = daemon.insert(Record(spec, slots, time.time(), status.known_to_listen))
    await app.adopt(run)
