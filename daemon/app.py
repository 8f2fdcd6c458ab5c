"""One app: what is wanted of it, its masters, and what brings the two together.

What is wanted is in the store before the master is told. Operations run one at a time; the
newest that ends the app cuts off what runs (`turns`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from pm.changes import carried
from pm.control import Forward, Forwarded, Happened, Status
from pm.model import AppSpec, AppView, Event
from pm.record import replace

from .masters.deaths import Deaths
from .masters.launch import Place
from .masters.runfile import RunFile
from .masters.succession import Masters
from .ordering.order import Order
from .ordering.standing import Verdict
from .ordering.turns import Ticket, Turns
from .records.history import History
from .records.record import Record
from .views import Facts, app_view

if TYPE_CHECKING:
    from .upkeep import Upkeep

_MESSAGES = 5

Answer = Callable[[Forwarded], None]


class Office(Protocol):
    """What an app needs of the daemon around it."""

    place: Place
    apps: dict[str, App]
    order: Order
    upkeep: Upkeep

    def commit(self, record: Record, must: bool = True) -> str:
        """Write a record to the store; raises Failed if it `must`, else returns a remark."""

    def emit(self, event: Event, request: str = "") -> None:
        """Keep an event and publish it."""

    def forward(self, sender: App, forward: Forward, answer: Answer) -> None:
        """Deliver a message to another app, and answer."""

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until its end, whoever started it."""


class App:
    """One app in the list."""

    def __init__(self, record: Record, office: Office) -> None:
        self.record = record
        self.turns = Turns(record.name)
        self.masters = Masters(record.name, office.place, self)
        self.fault = ""
        """Why it was given up, if it was."""
        self.waits = Verdict()
        """What it waits for before it begins."""
        self.messages: deque[Event] = deque(maxlen=_MESSAGES)
        """The latest that its workers have sent."""
        self.on_forward: Callable[[Forward, Answer], None] = partial(office.forward, self)
        """Passes a message for another app on."""
        self.upkeep = office.upkeep
        self._office = office
        self._deaths = Deaths()
        self._history = History()

    def view(self) -> AppView:
        """Show it as it is now."""
        masters, home = self.masters, self._office.place.home
        status, waits = masters.status, self.waits
        facts = Facts(home, status, masters.pid, self.fault, self._history, waits)
        return app_view(self.record, facts)

    def commit(self, record: Record, must: bool = True) -> str:
        """Change the record, in the store first; raises Failed if that cannot be written.

        Unless it `must`: then it is changed all the same, and a remark for the user returned.
        """
        if record == self.record:
            return ""
        remark = self._office.commit(record, must)
        self.record = record
        self._history = self._history.only(record.numbers)
        self._office.order.pulse.beat()
        return remark

    async def run(self, ticket: Ticket, begins: bool = True) -> str:
        """Run exactly the wanted slots, with a new master if there is none.

        What `begins` waits for the apps that it depends on, unless some of it runs; and a job
        that others wait for until it has ended.
        """
        self.fault = ""
        order = self._office.order
        if begins:
            await order.clear(self, ticket)
        if self.masters.link is None:
            self._deaths = Deaths()
            await self.masters.clear(self.record.spec)
            self._begin_generation()
        link = self.masters.link or self.masters.launch(self.record)
        complete = begins and order.is_awaited(self.record.name)
        wanted = self.record.wanted
        return await link.call("want", ticket.request, slots=wanted, complete=complete)

    async def tell(
        self,
        op: Literal["restart", "reload"],
        ticket: Ticket,
        slots: tuple[int, ...],
        spec: AppSpec,
    ) -> str:
        """Have the master restart or reload `slots`, stopped ones too, with a spec."""
        order = self._office.order
        await order.clear(self, ticket, op)
        link = self.masters.link
        if link is None:
            self.commit(replace(self.record, spec=spec))
            return await self.run(ticket)
        complete = order.is_awaited(self.record.name)
        return await link.call(op, ticket.request, slots=slots, spec=spec, complete=complete)

    async def halt(self, ticket: Ticket) -> None:
        """Stop the master and everything of it; returns when the ports are free."""
        self.fault = ""
        await self.masters.stop(self.record.spec, ticket.request)

    def reset(self) -> None:
        """Set the counts that no living master keeps to zero."""
        self._history = self._history.reset(living=self.masters.link is not None)
        self._deaths = Deaths()

    async def adopt(self, run: RunFile | None) -> bool:
        """Take over a living master from an earlier daemon; False if there is none."""
        if run is None or not await self.masters.find(run):
            return False
        self._emit("note", "found its master again", self.masters.pid)
        self._office.order.pulse.beat()  # who waits for it may have looked too early
        return True

    def on_status(self, status: Status) -> None:
        """Keep what a later master has to know.

        What it runs is what is kept: a daemon may have died while a reload was tried.
        """
        self._history = self._history.saw(status.workers)
        spec = self.record.spec
        learnt = replace(
            self.record,
            spec=carried(spec, status.spec) if status.spec else spec,
            generation=max(status.generation, self.record.generation),
            known_to_listen=status.known_to_listen or self.record.known_to_listen,
        )
        self.commit(learnt, must=False)
        self.upkeep.rested(self)
        self._office.order.pulse.beat()

    def on_happened(self, happened: Happened, request: str) -> None:
        """Pass an event on."""
        self._office.emit(happened.event, request)

    def on_death(self, pid: int, reason: str, lived: float) -> None:
        """See to another master if the app is still wanted, unless too many died in a row."""
        self._emit("note", f"its master died: {reason}", pid)
        self._deaths = self._deaths.another(lived)
        if self._deaths.given_up and self.record.lasting:
            count = self._deaths.in_a_row
            self.fault = f"its master died {count} times in a row, the last time: {reason}"
            self._emit("errored", self.fault, pid)
            self._office.order.pulse.beat()
        self._office.background(self._recover())

    async def _recover(self) -> None:
        await asyncio.sleep(self._deaths.delay)
        await self.turns.run("recovery", self._start_again)

    async def _start_again(self) -> None:
        deleted = self._office.apps.get(self.record.name) is not self  # its name may be another's
        if deleted or self.masters.link is not None:
            return
        if self.record.lasting and not self.fault:
            self._begin_generation()
            await self.masters.succeed(self.record)
        else:
            await self.masters.stop(self.record.spec, "")
            self.upkeep.rested(self)

    def _begin_generation(self) -> None:
        self._history = self._history.next_master()
        later = replace(self.record, generation=self.record.generation + 1)
        self.commit(later, must=False)

    def _emit(self, kind: str, reason: str, pid: int = 0) -> None:
        self._office.emit(Event(time.time(), self.record.name, kind, reason, pid=pid))
