"""The masters of one app, one after the other, and what outlives each of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pm.control import Forward, Forwarded, Happened, Status
from pm.errors import PmError
from pm.model import AppSpec, Mode, Scheduling

from ..records.record import Record
from . import launch, leftovers, runfile
from .kept import Kept
from .link import Link

_log = logging.getLogger(__name__)

_STOP_MARGIN = 15.0
_TIME_TO_EXIT = 5.0
_TIME_TO_COUNT = 0.5
"""Seconds that a master has to count before what it said last is shown."""


class Heir(Protocol):
    """The app: what is left of a master goes to it."""

    def on_status(self, status: Status) -> None:
        """Take the state of the living master."""

    def on_happened(self, happened: Happened, request: str) -> None:
        """Take an event."""

    def on_forward(self, forward: Forward, answer: Callable[[Forwarded], None]) -> None:
        """Deliver a message to another app, and answer."""

    def on_death(self, pid: int, reason: str, lived: float) -> None:
        """Learn that a master has died that should live."""


class Masters:
    """At most one of them lives."""

    def __init__(self, name: str, place: launch.Place, heir: Heir) -> None:
        self.link: Link | None = None
        self.status: Status | None = None
        """What the living one said last, or the last that lived."""
        self._name = name
        self._place = place
        self._heir = heir
        self._kept = Kept()
        self._since = 0.0
        self._farewell: asyncio.Task[int] | None = None
        """Sees off the workers of the last one that died."""

    @property
    def pid(self) -> int:
        """Pid of the living one, or 0."""
        return self.link.process.pid if self.link else 0

    def launch(self, record: Record) -> Link:
        """Start one, on the listeners of the one before."""
        self.status = None
        self._since = time.monotonic()
        self.link = launch.launch(self._place, record, record.wanted, self._kept, self)
        _log.info("%s: its master is pid %d", self._name, self.pid)
        return self.link

    async def succeed(self, record: Record) -> None:
        """Start one in the place of one that died."""
        if not self._kept.keys or record.spec.exec_mode is not Mode.CLUSTER:
            await self.clear(record.spec)
            self.launch(record)
            return
        # Old and new serve side by side, as in a reload: no client waits for the old to go.
        left = runfile.read(self._place.home, self._name)
        runfile.remove(self._place.home, self._name)  # makes room for the first words of the new
        if left is not None:
            self._farewell = asyncio.ensure_future(leftovers.dismiss(left, record.spec))
        self.launch(record)

    async def find(self, run: runfile.RunFile) -> bool:
        """Take over one that lives, from an earlier daemon; False if there is none."""
        self.link = await launch.find(self._place, run, self)
        self._since = time.monotonic()
        return self.link is not None

    async def stop(self, spec: AppSpec, request: str) -> None:
        """Stop it and see off everything of it; returns when the ports are free."""
        if self.link is not None:
            await self._stop(self.link, spec, request)
        if self._farewell is not None:
            await self._farewell
        await self.clear(spec)
        self._kept.release()

    async def clear(self, spec: AppSpec) -> None:
        """See off what a dead one left, so that nothing runs twice."""
        left = runfile.read(self._place.home, self._name)
        if left is not None:
            count = await leftovers.dismiss(left, spec)
            if count:
                _log.info("%s: %d workers of a dead master have ended", self._name, count)
        runfile.remove(self._place.home, self._name)

    async def count(self, exact: bool) -> None:
        """Have it count the connections anew, if some may be open; else only if `exact`."""
        status = self.status
        if self.link is None or status is None:
            return
        unseen = any(one.served == Scheduling.SHARED.value for one in status.listeners)
        if not exact and not unseen and not any(worker.open for worker in status.workers):
            return  # new ones are told of within a second
        with contextlib.suppress(PmError, asyncio.TimeoutError):  # shown as they were then
            await asyncio.wait_for(self.link.call("count"), _TIME_TO_COUNT)

    def leave(self) -> None:
        """Let go of the living one: it goes on without a daemon."""
        if self.link is not None:
            self.link.leave()

    def on_status(self, status: Status) -> None:
        """Take the state of the living one."""
        self.status = status
        self._heir.on_status(status)

    def on_happened(self, happened: Happened, request: str) -> None:
        """Pass an event on."""
        self._heir.on_happened(happened, request)

    def on_forward(self, forward: Forward, answer: Callable[[Forwarded], None]) -> None:
        """Pass a message on."""
        self._heir.on_forward(forward, answer)

    def on_keep(self, keys: Sequence[str], fds: Sequence[int]) -> None:
        """Keep the listeners."""
        if keys and not fds:
            self._kept.only(keys)
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            _log.error(
                "%s: the daemon has no room for %d more open files (limit %d): it keeps %d of the"
                " app's %d listeners; clients of the others are refused while its master is dead",
                self._name, len(keys), limit, len(self._kept.keys), len(keys),
            )  # fmt: skip
            return
        self._kept.replace(keys, fds)

    def on_end(self, link: Link) -> None:
        """Bury it."""
        self.link = None
        if not link.leaving:
            lived = time.monotonic() - self._since
            self._heir.on_death(link.process.pid, link.reason, lived)

    async def _stop(self, link: Link, spec: AppSpec, request: str) -> None:
        link.leaving = True
        limit = 2 * spec.kill_timeout + _STOP_MARGIN
        try:
            await asyncio.wait_for(link.call("stop", request), limit)
            await link.process.gone_within(_TIME_TO_EXIT)
        except PmError as error:
            _log.error("%s: its master could not stop: %s", self._name, error.message)
        except asyncio.TimeoutError:
            _log.error("%s: its master did not stop within %g s", self._name, limit)
        if not link.process.ended.is_set():
            link.kill()
        await link.gone()
