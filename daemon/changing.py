"""Another spec for an app of the list: brought about by no more than the difference needs.

What is refused leaves the old one serving, and in the store.
"""

from __future__ import annotations

from pm.changes import Need, differences, need_of
from pm.errors import PmError
from pm.model import AppSpec, State
from pm.record import replace

from .app import App
from .operations import Result, begun, cpus, start_anew, waits
from .ordering.turns import Ticket
from .records.record import Record, respecify, want
from .supervisor import Supervisor
from .views import count


async def change(
    daemon: Supervisor, app: App, ticket: Ticket, spec: AppSpec, least: Need
) -> Result:
    """Let the app be as `spec` says, by `least` at the least; what is down is started."""
    new = respecify(app.record, spec, cpus(), daemon.next_id)
    need = need_of(differences(app.record.spec, new.spec), least)
    if new.spec.cron or app.record.spec.cron:
        return await _rescheduled(app, ticket, new, need)
    down = app.view().state is State.ERRORED or not app.record.wanted
    if not spec.autostart and not app.record.wanted:
        app.commit(want(new, new.numbers, False))
        return Result("unchanged" if need is Need.NOTHING else "noted", need is not Need.NOTHING)
    if need in (Need.NOTHING, Need.LIST) and not down:
        app.commit(replace(app.record, spec=new.spec))  # a worker stopped by hand stays stopped
        return Result("unchanged" if need is Need.NOTHING else "noted", need is Need.LIST)
    if down or app.view().state is State.STOPPED:  # nothing serves that a failure could harm
        return await start_anew(app, ticket, new)
    if app.masters.link is None:  # it has died just now: the next one is of the new spec
        app.commit(new)
        return Result(begun(app, await app.run(ticket)))
    if need is Need.RELOAD:
        return await _reload(daemon, app, ticket, new)
    if need is Need.RESTART:
        return await _restart(daemon, app, ticket, new)
    return await _scale(app, ticket, new)


async def _scale(app: App, ticket: Ticket, new: Record) -> Result:
    before = len(app.record.slots)
    app.commit(new)
    text = await app.run(ticket)
    return Result(f"{begun(app, text, 'scaled')}, {count(before)} before")


async def _rescheduled(app: App, ticket: Ticket, new: Record, need: Need) -> Result:
    """Change a job: a run under way goes on, the next one is by the new spec."""
    if not (new.spec.cron and app.record.spec.cron):
        return await start_anew(app, ticket, new)
    changed = need is not Need.NOTHING or not app.record.wanted
    app.commit(new)
    return Result(waits(app), changed)


async def _reload(daemon: Supervisor, app: App, ticket: Ticket, asked: Record) -> Result:
    text = await app.tell("reload", ticket, asked.numbers, asked.spec)
    gone = set(app.record.numbers) - set(asked.numbers)
    # anew: meanwhile the record has learnt more, and ids may have been given away
    remark = app.commit(respecify(app.record, asked.spec, cpus(), daemon.next_id), must=False)
    if gone:
        text = await app.run(ticket)
    return Result(begun(app, text, "reloaded") + remark)


async def _restart(daemon: Supervisor, app: App, ticket: Ticket, new: Record) -> Result:
    """Stop, then start; if that fails, start the old again."""
    old = app.record
    await daemon.order.clear(app, ticket, "restart")  # while all is as it was
    try:
        return Result(begun(app, await _swap(app, ticket, new), "restarted"))
    except PmError as error:
        hint = "the old one has been started again"
        try:
            await _swap(app, ticket, old)
        except PmError as second:
            hint = f"the old one does not start any more either: {second.message}"
        raise type(error)(f"restart refused: {error.message}", hint, error.lines) from None


async def _swap(app: App, ticket: Ticket, record: Record) -> str:
    """Restart by another record; the ports stay bound unless they change hands."""
    passes = app.record.spec.exec_mode is not record.spec.exec_mode
    gone = set(app.record.numbers) - set(record.numbers)
    if passes:
        await app.halt(ticket)
    app.commit(record)
    if passes or app.view().state is State.ERRORED:
        return await app.run(ticket)
    text = await app.tell("restart", ticket, record.numbers, record.spec)
    return await app.run(ticket) if gone else text
