"""What the daemon does to apps of its own accord: reloads after changes of files and by the
clock, and runs of jobs. Each is an event that says why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from pm.errors import ConfigError, PmError
from pm.model import AppView, Event
from pm.record import replace
from pm.upkeep import CronView

from . import operations
from .app import App
from .ordering.turns import Ticket
from .records.record import Record
from .timing import jobs
from .timing.cron import Cron
from .watching.watch import Background, Watch

_log = logging.getLogger(__name__)


class Upkeep:
    """Of all apps of one daemon."""

    def __init__(
        self,
        apps: Mapping[str, App],
        home: str,
        emit: Callable[[Event], None],
        background: Background,
    ) -> None:
        self._apps = apps
        self._emit = emit
        self._background = background
        self._cron = Cron(self)
        self._watch = Watch(home, self, background)
        self._begun = False

    def begin(self) -> None:
        """Begin, once the masters from before have been found again."""
        self._begun = True
        for app in self._apps.values():
            try:
                self.follow(app.record)
            except ConfigError as error:  # a time zone is known no longer
                self.say(app.record.name, "cron", f"no schedule: {error.message}")
            self.rested(app)

    def follow(self, record: Record) -> None:
        """Take over what is wanted of an app now; raises ConfigError if that cannot be."""
        if self._begun:
            wanted = bool(record.wanted)
            self._cron.follow(record.spec, wanted)
            self._watch.follow(record.spec, wanted)

    def drop(self, name: str) -> None:
        """Forget an app."""
        self._cron.drop(name)
        self._watch.drop(name)

    def close(self) -> None:
        """End."""
        self._begun = False
        self._cron.close()
        self._watch.close()

    def next_at(self, name: str) -> float:
        """Return when the clock strikes next for an app; 0: not at all."""
        return self._cron.next_at(name)

    def shown(self, view: AppView, record: Record) -> AppView:
        """Show what is watched of an app, and its schedule."""
        return replace(view, watch=self._watch.view(view.name), cron=self._cron_view(record))

    def _cron_view(self, record: Record) -> CronView | None:
        spec, job = record.spec, record.job
        if not (spec.cron or spec.cron_restart):
            return None
        return CronView(
            spec.cron or spec.cron_restart, spec.timezone, bool(spec.cron),
            self.next_at(record.name), job.running, job.last, job.skipped,
        )  # fmt: skip

    def rested(self, app: App) -> None:
        """See whether a job's run is over."""
        if self._begun and jobs.is_over(app):
            self._background(app.turns.run("cron", lambda: self._conclude(app)))

    async def _conclude(self, app: App) -> None:
        run = await jobs.conclude(app)
        if run is not None:
            self.say(app.record.name, "cron", f"the run ended: {run.text}")

    def on_time(self, name: str) -> None:
        """Do what is due."""
        app = self._apps.get(name)
        if app is None:
            self._cron.drop(name)
        elif not app.record.spec.cron:
            reason = f"cron_restart {app.record.spec.cron_restart}"
            self._background(self.reload(name, "cron", reason))
        elif app.record.job.running:
            self.say(name, "cron", jobs.refuse(app))
        else:
            self._background(app.turns.run("cron", lambda: self._run(app)))

    async def _run(self, app: App) -> None:
        if not app.record.wanted or app.record.job.running:
            return
        self.say(app.record.name, "cron", "a run begins")
        await jobs.begin(app, Ticket("cron"))

    def on_missed(self, name: str, at: float) -> None:
        """Take note that a time has passed unnoticed: the clock was set, or the machine slept."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
        self.say(name, "cron", f"missed: {when} had passed before it could be seen")

    async def reload(self, app: str, cause: str, reason: str) -> None:
        """Reload an app that is wanted online; a failure is told of, not raised."""
        found = self._apps.get(app)
        if found is None or not found.record.wanted:
            return
        self.say(app, cause, f"{reason}: reload")
        try:
            await found.turns.run(cause, lambda: operations.refresh(found, Ticket(cause)))
        except PmError as error:
            self.say(app, cause, "; ".join(part for part in (error.message, error.hint) if part))

    def say(self, app: str, kind: str, reason: str) -> None:
        """Keep an event and publish it."""
        self._emit(Event(time.time(), app, kind, reason))
