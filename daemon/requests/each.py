"""One command done to many apps: side by side, in the order of `depends_on`, or in its reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import Enum, auto

from pm import api
from pm.dependency import Dependency
from pm.errors import NotFound, PmError
from pm.record import replace

from .. import operations
from ..app import App
from ..operations import Result, Slots
from ..ordering.course import Course
from ..ordering.order import NotBegun
from ..ordering.turns import Ticket
from ..supervisor import Supervisor
from .selectors import Selection

Operation = Callable[[App, Ticket, Slots], Awaitable[Result]]
"""What is done to one app; `Slots` are those chosen."""

Part = Callable[[Ticket], Awaitable[Result]]
"""One app's part of a request."""


class Turn(Enum):
    """When an app's part is done."""

    IN_TURN = auto()
    AT_ONCE = auto()
    LAST = auto()
    """After the apps of the request that depend on it; what runs in the app is cut off."""


async def each(
    daemon: Supervisor,
    selectors: Sequence[str],
    ticket: Ticket,
    operation: Operation,
    turn: Turn = Turn.IN_TURN,
) -> api.Report:
    """Do `operation` to each selected app."""
    parts = parts_of(daemon, daemon.select(selectors), operation, turn)
    return await together(daemon, parts, ticket)


async def begin_each(
    daemon: Supervisor, selectors: Sequence[str], ticket: Ticket, operation: Operation
) -> api.Report:
    """Do `operation` to each selected app; what these depend on is started if it is down."""
    chosen = daemon.select(selectors)
    parts = parts_of(daemon, chosen, operation)
    return await together(daemon, {**needed_parts(daemon, chosen), **parts}, ticket)


async def together(daemon: Supervisor, parts: Mapping[str, Part], ticket: Ticket) -> api.Report:
    """Do each app's part; those that depend on others of them wait for these by themselves."""
    ticket = replace(ticket, course=Course(parts))
    work = [_outcome(daemon, name, part, ticket) for name, part in parts.items()]
    return api.Report(tuple(await asyncio.gather(*work)))


async def _outcome(daemon: Supervisor, name: str, part: Part, ticket: Ticket) -> api.Outcome:
    """Turn what one app's part came to into data: one failure leaves the others alone."""
    failure = ""
    try:
        done, changed = await part(ticket)
    except PmError as error:
        failure = _in_words(error)
        return api.Outcome(name, "", body_of(error))
    finally:
        ticket.course.done(name, failure)
        daemon.order.pulse.beat()
    return api.Outcome(name, done, changed=changed)


def _in_words(error: PmError) -> str:
    """Say why, in words that follow "`db`, which"."""
    if isinstance(error, NotBegun):
        return error.message.partition(":")[0].replace("not ", "was not ", 1)
    return f"failed: {error.message}"


def body_of(error: PmError) -> api.ErrorBody:
    """Return an error as it goes over the wire."""
    return api.ErrorBody(error.code, error.message, error.hint, error.lines)


def parts_of(
    daemon: Supervisor, chosen: Selection, operation: Operation, turn: Turn = Turn.IN_TURN
) -> dict[str, Part]:
    """Return the part of each app."""
    apps = [(daemon.apps[name], slots) for name, slots in chosen.items()]
    return {
        app.record.name: _part(daemon, app, _whole(app, slots), operation, turn)
        for app, slots in apps
    }


def _part(daemon: Supervisor, app: App, slots: Slots, operation: Operation, turn: Turn) -> Part:
    async def one(ticket: Ticket) -> Result:
        check_listed(daemon, app)
        return await operation(app, ticket, slots)

    async def in_turn(ticket: Ticket) -> Result:
        ends = turn is Turn.LAST
        if ends:
            await daemon.order.ended_before(app.record.name, ticket.course)
        return await app.turns.run(ticket.verb, lambda: one(ticket), ends and slots is None)

    return one if turn is Turn.AT_ONCE else in_turn


def needed_parts(
    daemon: Supervisor, names: Iterable[str], needs: Iterable[Dependency] = ()
) -> dict[str, Part]:
    """Return parts that start what has to be there for `names` to begin, or for `needs`."""

    async def begin(app: App, ticket: Ticket, slots: Slots) -> Result:
        result = await operations.start(app, ticket, slots)
        return result._replace(done=f"{result.done}; others depend on it")

    lacking = daemon.order.lacking(names, needs)
    return parts_of(daemon, dict.fromkeys(lacking), begin)


def _whole(app: App, slots: Slots) -> Slots:
    """Take all slots, chosen one by one, for the whole app."""
    return None if slots is not None and set(slots) >= set(app.record.numbers) else slots


def check_listed(daemon: Supervisor, app: App) -> None:
    """Raise NotFound if an app is not in the list any more."""
    if daemon.apps.get(app.record.name) is not app:
        raise NotFound(f"`{app.record.name}` has been deleted in the meantime")
