"""The schedules of all apps, and one timer for what is next."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from pm.model import AppSpec
from pm.record import dataclass

from .schedule import After, Due, look, pause


class Bells(Protocol):
    """Who is told when an app's time has come."""

    def on_time(self, app: str) -> None:
        """Do what is due."""

    def on_missed(self, app: str, at: float) -> None:
        """Take note that a time has passed unnoticed: the clock was set, or the machine slept."""


@dataclass(eq=False)
class _Scheduled:
    """One app with a schedule."""

    said: tuple[str, str, str]
    """What its spec says, by which a change is seen."""
    after: After
    due: Due


class Cron:
    """All apps with a schedule."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells
        self._apps: dict[str, _Scheduled] = {}
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, spec: AppSpec, wanted: bool) -> None:
        """Keep an app's schedule if it is wanted online; raises ConfigError for one that is none.

        What was missed while nobody looked is not made up for: it begins with the next time.
        """
        said = (spec.cron, spec.cron_restart, spec.timezone)
        if not wanted or not (spec.cron or spec.cron_restart):
            return self.drop(spec.name)
        if spec.name in self._apps and self._apps[spec.name].said == said:
            return
        from .crontimes import times_of  # only for apps that have a schedule

        after, now = times_of(spec), time.time()
        self._apps[spec.name] = _Scheduled(said, after, Due(after(now), now))
        self._set_timer(now)

    def drop(self, name: str) -> None:
        """Forget an app's schedule."""
        if self._apps.pop(name, None) is not None:
            self._set_timer(time.time())

    def next_at(self, name: str) -> float:
        """Return the next time of an app, 0 if there is none."""
        return self._apps[name].due.at if name in self._apps else 0.0

    def close(self) -> None:
        """Keep no schedules any more."""
        self._apps.clear()
        self._set_timer(0.0)

    def _set_timer(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._apps:
            seconds = min(pause(scheduled.due, now) for scheduled in self._apps.values())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        now = time.time()
        for name, scheduled in list(self._apps.items()):
            struck = look(scheduled.due, scheduled.after, now)
            scheduled.due = struck.due
            if struck.missed:
                self._bells.on_missed(name, struck.missed)
            if struck.fire:
                self._bells.on_time(name)
        self._set_timer(time.time())
