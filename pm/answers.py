"""What the daemon answers the CLI; what is asked stands in `api`."""

from __future__ import annotations

from .errors import ErrorBody
from .model import ActionResult, AppSpec, AppView, Event
from .record import dataclass


@dataclass(frozen=True)
class Pong:
    """Who answers."""

    pid: int
    version: str
    protocol: int
    home: str


@dataclass(frozen=True)
class Outcome:
    """What one app's part of a command came to."""

    app: str
    done: str
    """A sentence: "started, 4 workers on 127.0.0.1:8000", "already stopped"."""
    error: ErrorBody | None = None
    changed: bool = True
    """False where there was nothing to do."""


@dataclass(frozen=True)
class Report:
    """Outcomes, one an app, in the order asked."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Apps:
    """The apps, sorted by name."""

    apps: tuple[AppView, ...]


@dataclass(frozen=True)
class Detail:
    """One app with everything known of it."""

    app: AppView
    spec: AppSpec
    events: tuple[Event, ...]
    """The latest first."""


@dataclass(frozen=True)
class Details:
    """Several of them."""

    details: tuple[Detail, ...]


@dataclass(frozen=True)
class Triggering:
    """What an action came to in one app: results by slot and pid, or why it was not called."""

    app: str
    results: tuple[ActionResult, ...] = ()
    error: ErrorBody | None = None


@dataclass(frozen=True)
class Triggered:
    """One an app, in the order asked."""

    apps: tuple[Triggering, ...]


@dataclass(frozen=True)
class Saved:
    """Where a list of apps was written or read."""

    path: str
    apps: int
