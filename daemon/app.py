"""One app: what is wanted of it, its master, and the operations that bring the two together.

What is wanted is in the store before the master is told. Operations run one at a time; the
newest that ends the app cuts off what runs (`turns`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Protocol

from pm.control import Happened, Op, Status
from pm.errors import Failed, PmError
from pm.model import AppView, Event, Mode, State

from . import launch, leftovers, runfile
from .deaths import Deaths
from .kept import Kept
from .link import Link
from .record import Record
from .turns import Ticket, Turns
from .views import Facts, app_view

_log = logging.getLogger(__name__)

_STOP_MARGIN = 15.0
_TIME_TO_EXIT = 5.0


class Office(Protocol):
    """What an app needs of the daemon around it."""

    place: launch.Place

    def commit(self, record: Record) -> None:
        """Write a record to the store."""

    def emit(self, event: Event, request: str = "") -> None:
        """Keep an event and publish it."""

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until its end, whoever started it."""


class App:
    """One app in the list."""

    def __init__(self, record: Record, office: Office) -> None:
        self.record = record
        self.turns = Turns(record.name)
        self.link: Link | None = None
        self.status: Status | None = None
        self.fault = ""
        """Why it was given up, if it was."""
        self._office = office
        self._kept = Kept()
        self._deaths = Deaths()
        self._started_at = 0.0
        self._carried: dict[int, int] = {}

    def view(self) -> AppView:
        """Show it as it is now."""
        pid = self.link.process.pid if self.link else 0
        facts = Facts(self._office.place.home, self.status, pid, self.fault, self._carried)
        return app_view(self.record, facts)

    def commit(self, record: Record) -> None:
        """Change the record, in the store first."""
        if record != self.record:
            self._office.commit(record)
            self.record = record

    @property
    def runs_as_wanted(self) -> bool:
        """True if the master knows of all wanted slots, and of no others that run."""
        workers = self.status.workers if self.status else ()
        wanted = set(self.record.wanted)
        running = {w.slot for w in workers if w.state is not State.STOPPED}
        return bool(wanted) and running <= wanted <= {w.slot for w in workers}

    async def run(self, ticket: Ticket) -> str:
        """Run exactly the wanted slots, with a new master if there is none."""
        self.fault = ""
        if self.link is None:
            self._deaths = Deaths()
            await self._clear_leftovers()
        link = self.link or self._launch()
        return await link.call("want", ticket.request, slots=self.record.wanted)

    async def tell(self, op: Op, ticket: Ticket, slots: tuple[int, ...] | None = None) -> str:
        """Have the master restart or reload `slots` (None is all) with the spec as it is now."""
        if self.link is None:
            return await self.run(ticket)
        return await self.link.call(op, ticket.request, slots=slots, spec=self.record.spec)

    async def halt(self, ticket: Ticket) -> None:
        """Stop the master and everything of it; returns when the ports are free."""
        self.fault = ""
        if self.link is not None:
            await self._stop_master(self.link, ticket)
        await self._clear_leftovers()
        self._kept.release()

    def reset(self) -> None:
        """Set the restart counters that the daemon carries to zero."""
        self._carried.clear()
        self._deaths = Deaths()

    async def adopt(self, run: runfile.RunFile | None) -> bool:
        """Take over a living master from an earlier daemon; False if there is none."""
        if run is None:
            return False
        self.link = await launch.find(self._office.place, run, self)
        if self.link is None:
            return False
        self._started_at = time.monotonic()
        self._emit("note", "found its master again", self.link.process.pid)
        return True

    def leave(self) -> None:
        """Let go of the master: it goes on without a daemon."""
        if self.link is not None:
            self.link.leave()

    # What the link reports.

    def on_status(self, status: Status) -> None:
        """Take the master's state, and keep what a later master has to know."""
        self.status = status
        learnt = replace(
            self.record,
            generation=max(status.generation, self.record.generation),
            known_to_listen=status.known_to_listen or self.record.known_to_listen,
        )
        try:
            self.commit(learnt)
        except Failed as error:
            _log.error("%s: %s", self.record.name, error.message)

    def on_happened(self, happened: Happened, request: str) -> None:
        """Pass an event on."""
        self._office.emit(happened.event, request)

    def on_keep(self, keys: Sequence[str], fds: Sequence[int]) -> None:
        """Keep the listeners."""
        self._kept.replace(keys, fds)

    def on_end(self, link: Link) -> None:
        """Bury the master; see to another one if the app is still wanted."""
        self.link = None
        if link.leaving:
            return
        pid = link.process.pid
        self._emit("note", f"its master died: {link.reason}", pid)
        self._deaths = self._deaths.another(time.monotonic() - self._started_at)
        if self._deaths.given_up and self.record.wanted:
            count = self._deaths.in_a_row
            self.fault = f"its master died {count} times in a row, the last time: {link.reason}"
            self._emit("errored", self.fault, pid)
        self._office.background(self._recover())

    async def _recover(self) -> None:
        await asyncio.sleep(self._deaths.delay)
        await self.turns.run("recovery", self._start_again)

    async def _start_again(self) -> None:
        if self.link is not None:
            return
        wanted = bool(self.record.wanted) and not self.fault
        if not wanted:
            self._kept.release()
        left = runfile.read(self._office.place.home, self.record.name)
        workers = left.workers if left else ()
        if wanted and self._kept.keys and self.record.spec.exec_mode is Mode.CLUSTER:
            # Old and new serve side by side, as in a reload: no client waits for the old to go.
            self._launch()
            await leftovers.dismiss(workers, self.record.spec)
            return
        await self._clear_leftovers()
        if wanted:
            self._launch()

    # Masters.

    def _launch(self) -> Link:
        for worker in self.status.workers if self.status else ():
            self._carried[worker.slot] = self._carried.get(worker.slot, 0) + worker.restarts
        self.status = None
        self.commit(replace(self.record, generation=self.record.generation + 1))
        self._started_at = time.monotonic()
        record = self.record
        self.link = launch.launch(self._office.place, record, record.wanted, self._kept, self)
        _log.info("%s: its master is pid %d", record.name, self.link.process.pid)
        return self.link

    async def _stop_master(self, link: Link, ticket: Ticket) -> None:
        link.leaving = True
        limit = 2 * self.record.spec.kill_timeout + _STOP_MARGIN
        try:
            await asyncio.wait_for(link.call("stop", ticket.request), limit)
            await link.process.gone_within(_TIME_TO_EXIT)
        except PmError as error:
            _log.error("%s: its master could not stop: %s", self.record.name, error.message)
        except asyncio.TimeoutError:
            _log.error("%s: its master did not stop within %g s", self.record.name, limit)
        if not link.process.ended.is_set():
            link.kill()
        await link.gone()

    async def _clear_leftovers(self) -> None:
        home, name = self._office.place.home, self.record.name
        left = runfile.read(home, name)
        if left is not None:
            count = await leftovers.dismiss(left.workers, self.record.spec)
            if count:
                _log.info("%s: %d workers of a dead master have been stopped", name, count)
        runfile.remove(home, name)

    def _emit(self, kind: str, reason: str, pid: int = 0) -> None:
        event = Event(time.time(), self.record.name, kind, reason, pid=pid)
        self._office.emit(event)
