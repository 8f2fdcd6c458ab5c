"""What each command does to one app: the wanted state first, then the master.

Each returns `Result`: a sentence for the user, and whether anything was changed.
"""

from __future__ import annotations

import contextlib
import os
import signal as signals
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pm.api import Trigger
from pm.codec import loads, suggest
from pm.control import Results
from pm.errors import Failed, UsageError
from pm.home import log_files
from pm.identity import identity_of
from pm.inherit import with_env
from pm.logindex import index_path
from pm.logpieces import remove_pieces
from pm.model import ActionResult, AppSpec, State
from pm.record import replace

from .app import App
from .masters.link import Link
from .ordering.turns import Ticket
from .records.record import Record, parse_count, resize, want, without
from .timing import jobs
from .views import count, how_online, moment

Slots = tuple[int, ...] | None
"""The chosen slots; None is the whole app."""


class Result(NamedTuple):
    """What a command came to."""

    done: str
    changed: bool = True


def check(specs: Sequence[AppSpec]) -> None:
    """Refuse specs that cannot be started here, before any of them is."""
    names = [spec.name for spec in specs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Failed(f"two of the apps are named `{twice}`", "give each a name of its own")
    for spec in specs:
        identity_of(spec.user, spec.group)


async def start(app: App, ticket: Ticket, slots: Slots = None) -> Result:
    """Start what is not running."""
    chosen = app.record.numbers if slots is None else slots
    if app.record.spec.cron:
        return _scheduled(app, chosen)
    if not app.fault and _running(app, chosen):
        return Result("already online", changed=False)
    app.commit(want(app.record, chosen, True))
    text = await app.run(ticket)
    return Result(begun(app, text))


async def start_anew(app: App, ticket: Ticket, record: Record) -> Result:
    """Start a stopped or errored app from a new spec."""
    await app.halt(ticket)
    jobs.cut_short(app)
    app.commit(record)
    if record.spec.cron:
        return Result(waits(app))
    return Result(begun(app, await app.run(ticket)))


def _scheduled(app: App, chosen: tuple[int, ...]) -> Result:
    """Let the clock start a job, from now on."""
    old = app.record
    app.commit(want(old, chosen, True))
    hint = "" if old.job.running else f"; `pm restart {old.name}` runs it now"
    return Result(f"{waits(app)}{hint}", changed=app.record != old or not old.generation)


def waits(app: App) -> str:
    """Say when a job runs."""
    if app.record.job.running:
        return "runs now"
    at = app.upkeep.next_at(app.record.name)
    return f"waits for {moment(at)}" if at else "its time never comes"


async def stop(app: App, ticket: Ticket, slots: Slots = None, unwatch: bool = False) -> Result:
    """Stop, keep in the list; the ports are free when it returns."""
    if unwatch:
        app.commit(replace(app.record, spec=replace(app.record.spec, unwatched=True)))
    chosen = app.record.numbers if slots is None else slots
    idle = app.masters.link is None and not app.fault
    if not set(chosen) & set(app.record.wanted) and (idle or app.record.wanted):
        return Result("already stopped", changed=False)
    remark = app.commit(want(app.record, chosen, False), must=False)
    if app.record.wanted and app.masters.link is not None:
        await app.run(ticket, begins=False)
    else:
        await app.halt(ticket)
        jobs.cut_short(app)
    return Result(f"stopped, {count(len(chosen))}{remark}")


async def renew(
    app: App,
    ticket: Ticket,
    slots: Slots,
    op: Literal["restart", "reload"],
    env: dict[str, str] | None = None,
    toggle_watch: bool = False,
) -> Result:
    """Restart or reload; what is stopped is started, what has ended has nothing to reload."""
    chosen = app.record.numbers if slots is None else slots
    running = set(chosen) & set(app.record.wanted)
    app.commit(want(app.record, chosen, True))
    spec = app.record.spec if env is None else with_env(app.record.spec, env)
    spec = _toggled(spec) if toggle_watch else spec
    if spec.cron:
        return await _renew_job(app, ticket, op, replace(app.record, spec=spec))
    if app.masters.link is None or not running:
        app.commit(replace(app.record, spec=spec))
        return Result(begun(app, await app.run(ticket)))
    if app.view().state in (State.ERRORED, State.STOPPED):
        op = "restart"
    if op == "restart":
        app.commit(replace(app.record, spec=spec))
    text = await app.tell(op, ticket, chosen, spec)
    remark = app.commit(replace(app.record, spec=spec), must=False)  # a refused one is not kept
    return Result(begun(app, text, f"{op}ed") + remark)


async def _renew_job(app: App, ticket: Ticket, op: str, record: Record) -> Result:
    """Run a job now; a reload has nothing to do, for each run is of the code as it is then."""
    if op == "reload":
        app.commit(record)
        return Result(f"{waits(app)}: each run is of the code of its time", changed=False)
    await app.halt(ticket)
    jobs.cut_short(app)
    app.commit(record)
    text = await jobs.begin(app, ticket)
    run = jobs.result(app) if jobs.is_over(app) else None
    return Result(f"ran, {run.text}" if run else f"runs now, {_online(app, text)}")


def _toggled(spec: AppSpec) -> AppSpec:
    """Turn watching on or off, as PM2 does at `restart --watch`."""
    on = not spec.watch or spec.unwatched
    return replace(spec, watch=spec.watch or (spec.cwd,), unwatched=not on)


async def refresh(app: App, ticket: Ticket) -> None:
    """Reload what is wanted online; what has been given up is tried again."""
    if app.record.wanted:
        await renew(app, ticket, app.record.wanted, "reload")


async def scale(app: App, ticket: Ticket, text: str, next_id: int) -> Result:
    """Change the number of workers; raises UsageError for a number that cannot be."""
    now = len(app.record.slots)
    asked = parse_count(text, now, cpus())
    if asked == now:
        return Result(f"has {count(now)} already", changed=False)
    app.commit(resize(app.record, asked, next_id))
    done = f"{count(asked)}, {now} before"
    if not app.record.wanted:
        return Result(f"{done}; it is stopped")
    if app.record.spec.cron:
        return Result(f"{done}; {waits(app)}")
    said = await app.run(ticket)
    return Result(f"{done}; {_online(app, said)}")


async def remove(app: App, ticket: Ticket, slots: Slots = None) -> Result:
    """Stop and take slots out of the list; the caller forgets an app that has none left."""
    remark = ""
    chosen = app.record.numbers if slots is None else slots
    left = without(app.record, chosen)
    if left.slots and app.masters.link is not None and left.wanted:
        remark = app.commit(left, must=False)
        await app.run(ticket, begins=False)
    else:
        kept = left if left.slots else want(app.record, chosen, False)
        remark = app.commit(kept, must=False)
        await app.halt(ticket)
        jobs.cut_short(app)  # now: its end would be written down after it was forgotten
    return Result("deleted" if not left.slots else f"deleted, {count(len(chosen))}{remark}")


async def send_signal(app: App, ticket: Ticket, slots: Slots, name: str) -> Result:
    """Send a signal to workers; raises Failed if none is running."""
    chosen = app.record.numbers if slots is None else slots
    pids = [w.pid for w in app.view().workers if w.pid and w.slot in chosen]
    if app.masters.link is None or not pids:
        raise Failed(f"`{app.record.name}` has no running worker", "`pm start` starts it")
    await app.masters.link.call("signal", ticket.request, slots=chosen, signal=name)
    return Result(f"{name} sent to {count(len(pids))}")


async def send_message(app: App, ticket: Ticket, slots: Slots, message: object) -> Result:
    """Send a message to the workers that listen; raises Failed if none does."""
    link = _running_link(app)
    return Result(await link.call("message", ticket.request, slots=slots, message=message))


async def trigger(
    app: App, ticket: Ticket, slots: Slots, request: Trigger
) -> tuple[ActionResult, ...]:
    """Call an action in workers; raises Failed if none has it."""
    text = await _running_link(app).call(
        "trigger", ticket.request, slots=slots,
        message=request.message, action=request.action, timeout=request.timeout,
    )  # fmt: skip
    return loads(Results, text, "results").results


def _running_link(app: App) -> Link:
    if app.masters.link is None:
        raise Failed(f"`{app.record.name}` has no running worker", "`pm start` starts it")
    return app.masters.link


async def reset(app: App, ticket: Ticket, _slots: Slots = None) -> Result:
    """Set the restart counters to zero."""
    if app.masters.link is not None:
        await app.masters.link.call("reset", ticket.request)
    app.reset()
    return Result("restart counters set to 0")


async def flush(app: App, ticket: Ticket, _slots: Slots, home: str) -> Result:
    """Empty the log files: the master does it, or we do where none writes to them."""
    if app.masters.link is not None:
        await app.masters.link.call("flush", ticket.request)
    else:
        name = app.record.name
        files = zip(log_files(home, app.record.spec), ("out", "error", "log"), strict=True)
        for path, stream in files:
            if path:
                empty_file(path)
                empty_file(index_path(home, name, stream))
    return Result("logs emptied")


def empty_file(path: str) -> None:
    """Empty a log, if it is a file, and remove its rotated pieces; raises Failed."""
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        return
    try:
        with contextlib.suppress(FileNotFoundError):
            remove_pieces(path)
            os.truncate(path, 0)
    except OSError as error:
        raise Failed(f"cannot empty {path}: {error.strerror}", "is it yours?") from None


def signal_name(text: str) -> str:
    """Return "SIGUSR1" for "SIGUSR1", "usr1" or "10"; raises UsageError."""
    if text.isascii() and text.isdigit():
        with contextlib.suppress(ValueError):
            return signals.Signals(int(text)).name
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    known = [member.name for member in signals.Signals]
    if name in known:
        return name
    raise UsageError(f"{text!r} is no signal", suggest(name, known) or "for example SIGUSR1")


def cpus() -> int:
    """Return how many CPUs the daemon may use."""
    return len(os.sched_getaffinity(0))


def _running(app: App, slots: tuple[int, ...]) -> bool:
    """True if each of `slots` is wanted, and runs or is about to."""
    if app.masters.link is None:
        return False
    down = (State.STOPPED, State.ERRORED)
    up = {w.slot for w in app.view().workers if w.state not in down}
    return set(slots) <= up & set(app.record.wanted)


def begun(app: App, text: str, done: str = "started") -> str:
    """Say that an app is up, or, of a job, that it is done already."""
    return f"{'completed' if app.view().state is State.STOPPED else done}, {_online(app, text)}"


def _online(app: App, text: str) -> str:
    """Say how the app is online: in its master's words, if it has any."""
    listeners = app.masters.status.listeners if app.masters.status else ()
    return text or how_online(len(app.record.wanted), listeners)
