"""Lets apps begin in the order that `depends_on` asks for, and end in the reverse of it.

An app waits inside its own turn, so that a stop of it ends the waiting; what it waits for is
judged (`standing`) at each change of anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from pm.dependency import Condition, Dependency, Graph, cycle_in, dependents, needed_by
from pm.errors import Failed
from pm.model import AppSpec, Event
from pm.order import check_circle, check_order

from .course import Course
from .pulse import Pulse
from .standing import Standing, Verdict, judge, standing_of

if TYPE_CHECKING:
    from ..app import App
    from .turns import Ticket

Verb = Literal["start", "restart", "reload"]
_DONE = {"start": "started", "restart": "restarted", "reload": "reloaded"}


class NotBegun(Failed):
    """An app was left as it is, because of one that it depends on."""


class Order:
    """Who waits for whom."""

    def __init__(self, apps: Mapping[str, App], emit: Callable[[Event, str], None]) -> None:
        self._apps = apps
        self._emit = emit
        self.pulse = Pulse()

    def check(self, specs: Iterable[AppSpec]) -> None:
        """Refuse, with ConfigError, specs that could never start in this list."""
        check_order(specs, {name: app.record.spec for name, app in self._apps.items()})

    def check_circle(self, spec: AppSpec) -> None:
        """Refuse, with ConfigError, an app that would wait for itself."""
        check_circle({**self._graph, spec.name: spec.depends_on})

    async def clear(self, app: App, ticket: Ticket, verb: Verb = "start") -> None:
        """Wait until an app may begin; raises NotBegun. One that runs goes on meanwhile.

        What runs needs no others to be given another worker. To be reloaded it waits only for
        those of the same request; to be restarted for all, as it is stopped for that.
        """
        running = _runs(app)
        if running and verb == "start":
            return
        verdict = self._circle(app)
        try:
            while not verdict.refusal:
                verdict = self._judge(app, ticket.course, running and verb == "reload")
                if not verdict.waits:
                    break
                self._say(app, ticket, verdict)
                await self.pulse.wait()
        finally:
            app.waits = Verdict()
        if verdict.refusal:
            error = NotBegun(f"not {_DONE[verb]}: {verdict.refusal}", verdict.hint)
            if not running:
                app.fault = error.message
                self._tell(app, "errored", error.message, ticket)
                self.pulse.beat()
            raise error

    def _judge(self, app: App, course: Course, only_here: bool) -> Verdict:
        """Judge an app; `only_here`: by the apps of the same request alone."""
        needs = app.record.spec.depends_on
        if only_here:
            here = course.pending | course.failed.keys()
            needs = tuple(needed for needed in needs if needed.app in here)
        return judge(needs, self._standings(needs), course, self._apps)

    def _circle(self, app: App) -> Verdict:
        """Refuse an app that waits for itself: a list that was made elsewhere may have one."""
        if app.record.name not in needed_by(self._graph, app.record.name):
            return Verdict()
        circle = " -> ".join(cycle_in(self._graph))
        return Verdict(refusal=f"apps wait for each other: {circle}")

    def _say(self, app: App, ticket: Ticket, verdict: Verdict) -> None:
        if verdict != app.waits:
            app.waits = verdict
            self._tell(app, "waiting", f"for {verdict.words}", ticket)

    def _tell(self, app: App, kind: str, reason: str, ticket: Ticket) -> None:
        self._emit(Event(time.time(), app.record.name, kind, reason), ticket.request)

    def lacking(self, names: Iterable[str], needs: Iterable[Dependency] = ()) -> list[str]:
        """Return which apps have to be started for those named to begin, or for `needs`."""
        found: dict[str, None] = {}
        chosen = set(names)
        left = [*needs, *(one for name in chosen for one in self._needs(name))]
        while left:
            needed = left.pop()
            known = needed.app in self._apps and needed.app not in chosen
            if known and needed.app not in found:
                verdict = judge((needed,), self._standings((needed,)), Course())
                if verdict.refusal:
                    found[needed.app] = None
                    left += self._needs(needed.app)
        return list(found)

    def is_awaited(self, name: str) -> bool:
        """True if an app waits for this one to be completed."""
        waits = Dependency(name, Condition.COMPLETED)
        return any(waits in needs for needs in self._graph.values())

    def dependents(self, name: str, running: bool = False) -> list[str]:
        """Return the apps that depend on one, all or those that run."""
        found = dependents(self._graph, name)
        return [one for one in found if not running or _runs(self._apps[one])]

    async def ended_before(self, name: str, course: Course) -> None:
        """Wait until those of the request have ended that depend on an app."""
        while course.pending.intersection(self.dependents(name)):
            await self.pulse.wait()

    @property
    def _graph(self) -> Graph:
        return {name: app.record.spec.depends_on for name, app in self._apps.items()}

    def _needs(self, name: str) -> tuple[Dependency, ...]:
        return self._apps[name].record.spec.depends_on if name in self._apps else ()

    def _standings(self, needs: Iterable[Dependency]) -> dict[str, Standing]:
        known = (self._apps[one.app] for one in needs if one.app in self._apps)
        return {app.record.name: standing_of(app.view(), app.record.spec) for app in known}


def _runs(app: App) -> bool:
    return any(worker.pid for worker in app.view().workers)
