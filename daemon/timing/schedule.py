"""When an app's clock strikes: the times of a cron pattern, and what to make of the clock. Pure.

The wall clock may be set, and the machine may sleep. So a time is looked at again every now and
then: one that has passed by more than `GRACE` is missed, not made up for, and after a step back
by more than that the next time is reckoned anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pm.record import dataclass

GRACE = 90.0
"""Seconds after its time in which a run still begins."""
LONGEST_LOOK = 60.0
"""Seconds between two looks at the wall clock: below `GRACE`, so that a small step misses none."""

After = Callable[[float], float]
"""The first time of a schedule after another, in seconds since the epoch; 0: there is none."""


@dataclass(frozen=True)
class Due:
    """What is next, as it was reckoned at the last look."""

    at: float
    """0: never."""
    looked: float
    """When the clock showed most."""


class Struck(NamedTuple):
    """What a look at the clock came to."""

    due: Due
    fire: bool = False
    missed: float = 0.0
    """A time that has passed unnoticed, or 0."""


def look(due: Due, after: After, now: float) -> Struck:
    """Compare the clock with what is due."""
    if now < due.looked - GRACE:
        return Struck(Due(after(now), now))
    if not due.at or now < due.at:
        return Struck(Due(due.at, max(due.looked, now)))
    late = now - due.at > GRACE
    return Struck(Due(after(now), now), not late, due.at if late else 0.0)


def pause(due: Due, now: float) -> float:
    """Return the seconds until the next look."""
    return min(max(due.at - now, 0.0), LONGEST_LOOK) if due.at else LONGEST_LOOK
