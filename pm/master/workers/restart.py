"""What to do after an exit that nobody asked for: restart, when, or give up. Pure.

The first restart is immediate; then the delay doubles from 100 ms to 15 s, with jitter. More
than `max_restarts` unstable exits in a row (each before `min_uptime`) is the restart intensity:
the slot is errored. A stable period forgets all of it.
"""

from __future__ import annotations

from enum import Enum

from ...model import AppSpec
from ...record import dataclass, replace

FIRST_DELAY = 0.1
LONGEST_DELAY = 15.0


@dataclass(frozen=True)
class Tally:
    """Restarts of one slot."""

    restarts: int = 0
    unstable: int = 0
    """Unstable exits in a row."""


@dataclass(frozen=True)
class Exit:
    """How a process ended."""

    code: int | None
    """None if a signal ended it."""
    signal: str = ""

    def __str__(self) -> str:
        return f"killed by {self.signal}" if self.code is None else f"exit code {self.code}"


class Action(Enum):
    """The three things that can be done after an exit."""

    RESTART = "restart"
    STAY_STOPPED = "stay stopped"
    GIVE_UP = "give up"


@dataclass(frozen=True)
class Verdict:
    """What shall be done, when (seconds from now), and why in words."""

    action: Action
    delay: float
    reason: str


def judge(
    tally: Tally, spec: AppSpec, ended: Exit, uptime: float, jitter: float, ready: bool = True
) -> tuple[Tally, Verdict]:
    """Decide after an exit.

    `jitter` is a random number from 0 to 1; a worker that was never `ready` was unstable,
    however long that took.
    """
    lived = f"{ended} after {_duration(uptime)}"
    if ended.code is not None and ended.code in spec.stop_exit_codes:
        return tally, Verdict(Action.STAY_STOPPED, 0, f"{lived}: one of stop_exit_codes")
    if spec.ends:
        why = "the clock starts it again" if spec.cron else "autorestart is off"
        return tally, Verdict(Action.STAY_STOPPED, 0, f"{lived}; {why}")
    unstable = tally.unstable + 1 if uptime < spec.min_uptime or not ready else 0
    if unstable > spec.max_restarts:
        reason = f"{lived}; {unstable} unstable exits in a row (max_restarts {spec.max_restarts})"
        return replace(tally, unstable=unstable), Verdict(Action.GIVE_UP, 0, reason)
    delay = max(spec.restart_delay, _backoff(unstable) * (0.75 + jitter / 2))
    after = Tally(tally.restarts + 1, unstable)
    return after, Verdict(Action.RESTART, delay, lived)


def _backoff(unstable: int) -> float:
    if unstable <= 1:
        return 0.0
    return min(LONGEST_DELAY, FIRST_DELAY * float(2 ** min(unstable - 2, 20)))


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
