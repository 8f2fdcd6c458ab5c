"""One function for each request of `pm.api`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal

import pm
from pm import api
from pm.errors import Failed, NotFound, PmError
from pm.model import PROTOCOL, AppSpec, State

from .. import changing, operations
from ..app import App
from ..operations import Result, Slots
from ..ordering.turns import Ticket
from ..records import dump
from ..records.record import respecify
from ..supervisor import Supervisor
from .each import Turn, begin_each, body_of, check_listed, each, needed_parts, parts_of, together
from .selectors import is_named


async def ping(daemon: Supervisor, _request: api.Ping, _ticket: Ticket) -> api.Pong:
    """Say who answers."""
    return api.Pong(os.getpid(), pm.__version__, PROTOCOL, daemon.place.home)


async def list_apps(daemon: Supervisor, request: api.List, _ticket: Ticket) -> api.Apps:
    """Show apps from memory, and what they use of the machine."""
    views = await daemon.views(daemon.select(request.selectors or ["all"]))
    return api.Apps(tuple(sorted(views, key=lambda view: view.name)))


async def describe(daemon: Supervisor, request: api.Describe, _ticket: Ticket) -> api.Details:
    """Show everything known of apps, the counts of connections as they are now."""
    views = await daemon.views(daemon.select(request.selectors or ["all"]), exact=True)
    specs = {view.name: daemon.apps[view.name].record.spec for view in views}
    details = (api.Detail(view, specs[view.name], daemon.events(view.name)) for view in views)
    return api.Details(tuple(details))


async def start(daemon: Supervisor, request: api.Start, ticket: Ticket) -> api.Report:
    """Start new apps, and what they depend on."""
    specs = request.specs
    operations.check(specs)
    daemon.order.check(specs)
    names = {spec.name for spec in specs}
    needs = [needed for spec in specs for needed in spec.depends_on if needed.app not in names]
    parts = {spec.name: partial(_start, daemon, spec, request.force) for spec in specs}
    return await together(daemon, {**needed_parts(daemon, (), needs), **parts}, ticket)


async def _start(daemon: Supervisor, spec: AppSpec, force: bool, ticket: Ticket) -> Result:
    app = daemon.apps.get(spec.name)
    if app is not None and force:
        old = app
        await app.turns.run(ticket.verb, lambda: _remove(daemon, old, ticket), ends=True)
        app = daemon.apps.get(spec.name)
    if app is None:
        fresh = daemon.create(spec)
        if not spec.autostart:
            return Result(f"in the list, not started: `pm start {spec.name}` does that")
        return await fresh.turns.run(ticket.verb, lambda: operations.start(fresh, ticket))
    known = app
    return await app.turns.run(ticket.verb, lambda: _take_over(daemon, known, spec, ticket))


async def _take_over(daemon: Supervisor, app: App, spec: AppSpec, ticket: Ticket) -> Result:
    """Start from a new spec what is down, as one does after mending a script."""
    check_listed(daemon, app)
    state = app.view().state
    if state not in (State.STOPPED, State.ERRORED) or app.record.spec.script != spec.script:
        raise Failed(
            f"an app named `{spec.name}` is in the list already ({state.value})",
            f"`pm restart {spec.name}` restarts it, --force replaces it, --name names another",
        )
    record = respecify(app.record, spec, operations.cpus(), daemon.next_id)
    return await operations.start_anew(app, ticket, record)


async def resume(daemon: Supervisor, request: api.Resume, ticket: Ticket) -> api.Report:
    """Start what is stopped or errored."""
    return await begin_each(daemon, request.selectors, ticket, operations.start)


async def stop(daemon: Supervisor, request: api.Stop, ticket: Ticket) -> api.Report:
    """Stop; a start or reload under way is cut off by it."""
    work = partial(_stop, daemon, unwatch=request.watch)
    return await each(daemon, request.selectors, ticket, work, Turn.LAST)


async def _stop(
    daemon: Supervisor, app: App, ticket: Ticket, slots: Slots = None, unwatch: bool = False
) -> Result:
    result = await operations.stop(app, ticket, slots, unwatch)
    name = app.record.name
    left = daemon.order.dependents(name, running=True) if result.changed else []
    if not left or app.record.wanted:
        return result
    verb = "depends on it and still runs" if len(left) == 1 else "depend on it and still run"
    return result._replace(done=f"{result.done}; {_quoted(left)} {verb}")


async def restart(daemon: Supervisor, request: api.Restart, ticket: Ticket) -> api.Report:
    """Stop, then start; a job runs now if it is named."""

    async def work(app: App, ticket: Ticket, slots: Slots) -> Result:
        named = not app.record.spec.cron or is_named(request.selectors, app.record)
        op: Literal["restart", "reload"] = "restart" if named else "reload"
        return await operations.renew(app, ticket, slots, op, request.env, request.watch)

    return await begin_each(daemon, request.selectors, ticket, work)


async def reload(daemon: Supervisor, request: api.Reload, ticket: Ticket) -> api.Report:
    """Replace workers without a gap."""
    work = partial(operations.renew, op="reload", env=request.env)
    return await each(daemon, request.selectors, ticket, work)


async def change(daemon: Supervisor, request: api.Change, ticket: Ticket) -> api.Report:
    """Let apps be as other specs say."""
    specs = {spec.name: spec for spec in request.specs}
    if unknown := specs.keys() - daemon.apps.keys():
        raise NotFound(f"no app is named `{min(unknown)}`", "`pm start` starts a new one")
    operations.check(request.specs)
    daemon.order.check(request.specs)

    async def work(app: App, ticket: Ticket, _slots: Slots) -> Result:
        return await changing.change(daemon, app, ticket, specs[app.record.name], request.least)

    return await together(daemon, parts_of(daemon, dict.fromkeys(specs), work), ticket)


async def delete(daemon: Supervisor, request: api.Delete, ticket: Ticket) -> api.Report:
    """Stop and forget; the log files stay."""
    return await each(daemon, request.selectors, ticket, partial(_remove, daemon), Turn.LAST)


async def _remove(daemon: Supervisor, app: App, ticket: Ticket, slots: Slots = None) -> Result:
    check_listed(daemon, app)
    result = await operations.remove(app, ticket, slots)
    if slots is not None:
        return result
    remark = daemon.forget(app)
    if left := daemon.order.dependents(app.record.name):
        remark += f"; {_quoted(left)} {'depends' if len(left) == 1 else 'depend'} on it"
    return result._replace(done=result.done + remark)


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


async def scale(daemon: Supervisor, request: api.Scale, ticket: Ticket) -> api.Report:
    """Change the number of workers."""

    async def work(app: App, ticket: Ticket, _slots: Slots) -> Result:
        return await operations.scale(app, ticket, request.count, daemon.next_id)

    return await each(daemon, [request.selector], ticket, work)


async def send_signal(daemon: Supervisor, request: api.SendSignal, ticket: Ticket) -> api.Report:
    """Send a signal to workers."""
    name = operations.signal_name(request.signal)
    work = partial(operations.send_signal, name=name)
    return await each(daemon, request.selectors, ticket, work, Turn.AT_ONCE)


async def send_message(daemon: Supervisor, request: api.SendMessage, ticket: Ticket) -> api.Report:
    """Send a message to workers."""
    work = partial(operations.send_message, message=request.message)
    return await each(daemon, request.selectors, ticket, work, Turn.AT_ONCE)


async def trigger(daemon: Supervisor, request: api.Trigger, ticket: Ticket) -> api.Triggered:
    """Call an action in workers."""

    async def one(app: App, slots: Slots) -> api.Triggering:
        try:
            results = await operations.trigger(app, ticket, slots, request)
        except PmError as error:
            return api.Triggering(app.record.name, error=body_of(error))
        return api.Triggering(app.record.name, results)

    chosen = daemon.select(request.selectors).items()
    work = (one(daemon.apps[name], slots) for name, slots in chosen)
    return api.Triggered(tuple(await asyncio.gather(*work)))


async def reset(daemon: Supervisor, request: api.Reset, ticket: Ticket) -> api.Report:
    """Set restart counters to zero."""
    return await each(daemon, request.selectors, ticket, operations.reset, Turn.AT_ONCE)


async def flush(daemon: Supervisor, request: api.Flush, ticket: Ticket) -> api.Report:
    """Empty log files, the daemon's own too if no app is named (PM2's habit)."""
    home = daemon.place.home
    if not request.selectors:
        operations.empty_file(os.path.join(home, "pm.log"))
    work = partial(operations.flush, home=home)
    return await each(daemon, request.selectors or ["all"], ticket, work, Turn.AT_ONCE)


async def save(daemon: Supervisor, request: api.Save, _ticket: Ticket) -> api.Saved:
    """Write the list of apps for `resurrect`."""
    home = daemon.place.home
    if not daemon.apps and not request.force:
        raise Failed("the list of apps is empty: not saved", "--force saves it all the same")
    count = dump.write(home, (app.record for app in daemon.apps.values()))
    return api.Saved(dump.path_of(home), count)


async def resurrect(daemon: Supervisor, _request: api.Resurrect, ticket: Ticket) -> api.Report:
    """Start the saved apps that are not in the list; what was saved stopped stays so."""
    saved = dump.read(daemon.place.home)
    parts = {one.spec.name: partial(_revive, daemon, one) for one in saved}
    return await together(daemon, parts, ticket)


async def _revive(daemon: Supervisor, saved: dump.Saved, ticket: Ticket) -> Result:
    if saved.spec.name in daemon.apps:
        return Result("in the list already", changed=False)
    app = daemon.create(saved.spec)
    app.commit(saved.revive(app.record))
    if not app.record.wanted:
        return Result("in the list again, stopped as it was saved")
    slots = app.record.wanted
    return await app.turns.run(ticket.verb, lambda: operations.start(app, ticket, slots))


async def kill(daemon: Supervisor, _request: api.Kill, ticket: Ticket) -> api.Report:
    """Stop all apps and end the daemon.

    The list is empty afterwards. It is saved first if the user never saved one: `resurrect`
    always finds something, and a list that a user saved is never overwritten behind his back.
    """
    daemon.ending = True
    records = (app.record for app in daemon.apps.values())
    remark = dump.write_unasked(daemon.place.home, records) if daemon.apps else ""

    async def work(app: App, ticket: Ticket, slots: Slots) -> Result:
        result = await _remove(daemon, app, ticket, slots)
        return result._replace(done=result.done + remark)

    try:
        return await each(daemon, ["all"], ticket, work, Turn.LAST)
    finally:
        daemon.closing.set()


Handler = Callable[[Supervisor, Any, Ticket], Awaitable[object]]  # Any: each takes its own request

HANDLERS: dict[type[api.Request[Any]], Handler] = {
    api.Ping: ping, api.List: list_apps, api.Describe: describe, api.Start: start,
    api.Resume: resume, api.Stop: stop, api.Restart: restart, api.Reload: reload,
    api.Change: change, api.Delete: delete, api.Scale: scale, api.SendSignal: send_signal,
    api.SendMessage: send_message, api.Trigger: trigger, api.Reset: reset, api.Flush: flush,
    api.Save: save, api.Resurrect: resurrect, api.Kill: kill,
}  # fmt: skip
"""Every request with its handler."""
