"""What is shown of an app that is watched, or that has a schedule. Pure."""

from __future__ import annotations

from .errors import ConfigError
from .record import dataclass

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Names of schedules that crontab(5) knows."""


@dataclass(frozen=True)
class WatchView:
    """What is watched of an app, and the latest change. Times are seconds since the epoch."""

    paths: tuple[str, ...]
    folders: int = 0
    """Folders looked into: those below `paths` that are not ignored."""
    trouble: str = ""
    """Why nothing is watched, or empty."""
    file: str = ""
    """What changed last; reloads follow from it."""
    at: float = 0.0
    """When that reload began; 0: never."""


@dataclass(frozen=True)
class Run:
    """One run of a job. Times are seconds since the epoch."""

    at: float
    ended_at: float = 0.0
    """0 if nobody was there to see it."""
    code: int | None = None
    signal: str = ""
    reason: str = ""
    """Why there is neither exit code nor signal: it was stopped, or it was never seen to end."""

    @property
    def well(self) -> bool:
        """True if it did what it was to do."""
        return self.code == 0

    @property
    def text(self) -> str:
        """Say "exit code 1 after 2.1 s"."""
        ended = self.reason or (f"killed by {self.signal}" if self.signal else "")
        ended = ended or f"exit code {self.code}"
        return f"{ended} after {self.ended_at - self.at:.1f} s" if self.ended_at else ended


@dataclass(frozen=True)
class CronView:
    """The schedule of an app. Times are seconds since the epoch."""

    pattern: str
    timezone: str
    """As it was given; empty: the daemon's."""
    job: bool
    """True if the app is started by it, False if it is reloaded."""
    next_at: float = 0.0
    """0: not before it is started again."""
    running: float = 0.0
    """When the job's run under way began; 0: there is none."""
    last: Run | None = None
    skipped: int = 0
    """Runs refused because the one before was still under way."""


def fields_of_schedule(pattern: str) -> str:
    """Return the five or six fields of a schedule, for a nickname what it stands for."""
    return NICKNAMES.get(pattern.strip().lower(), pattern)


def no_schedule(key: str, pattern: str, why: object) -> ConfigError:
    """Return the error for a schedule that is none."""
    return ConfigError(
        f"{key}: {pattern!r} is no schedule: {why}",
        'as in crontab, with seconds before it if there are six fields: "0 3 * * *", "@daily"',
    )


def no_timezone(name: str) -> ConfigError:
    """Return the error for a time zone that is not known here."""
    return ConfigError(
        f"timezone: {name!r} is not known here",
        'a name such as "Europe/Berlin"; they come with the package tzdata',
    )
