"""When a worker that uses too much memory is replaced. Pure.

One that grows for long is replaced as soon as it is over the limit. One that is over it soon
after its start would only be followed by another: the first is left to run for a while, each
further one for twice as long.
"""

from __future__ import annotations

from ...record import dataclass, replace

SOON = 60.0
"""Seconds after a start: a worker that is over the limit by then has hardly leaked."""
FIRST_STAY = 6.0
LONGEST_STAY = 3600.0
AGAIN = 60.0
"""Seconds until a replacement that failed is tried again."""


@dataclass(frozen=True)
class Watched:
    """What is remembered of a slot."""

    launch: int = 0
    """Its worker at the last look."""
    due: float | None = None
    """When this one may be replaced; None: it was never over the limit."""
    soon: int = 0
    """Workers in a row that were over the limit soon after their start."""


@dataclass(frozen=True)
class Look:
    """A look at a worker: bytes, and seconds since its start."""

    launch: int
    used: int
    limit: int
    age: float


def judge(watched: Watched, look: Look, now: float) -> tuple[Watched, bool, str]:
    """Return what to remember, whether to replace the worker, and a remark if there is one."""
    if watched.launch != look.launch:
        watched = replace(watched, launch=look.launch, due=None)
    if look.used <= look.limit:
        return watched, False, ""
    remark = ""
    if watched.due is None:
        watched, remark = _first_time(watched, look, now)
    assert watched.due is not None
    if now < watched.due:
        return watched, False, remark
    return replace(watched, due=now + AGAIN), True, remark


def _first_time(watched: Watched, look: Look, now: float) -> tuple[Watched, str]:
    if look.age >= SOON:
        return replace(watched, due=now, soon=0), ""
    stay = min(LONGEST_STAY, FIRST_STAY * 2 ** min(watched.soon, 20))
    due = max(now, now - look.age + stay)
    after = f"{look.age:.0f} s after its start"
    remark = f"{words(look)}, {after}: it may stay for {due - now:.0f} s; is the limit too low?"
    return replace(watched, due=due, soon=watched.soon + 1), remark


def words(look: Look) -> str:
    """Say how much a worker uses."""
    return f"uses {_size(look.used)}, over max_memory_restart ({_size(look.limit)})"


def _size(count: int) -> str:
    mib = count / (1 << 20)
    return f"{mib:.0f} MB" if mib >= 10 else f"{mib:.1f} MB"
