"""A generation replaces another, slot by slot. Pure: `step(rollout, event) -> (rollout, effects)`.

With overlap (an app that listens): launch the new, wait until it is ready, retire the old.
Without (a bot: two copies at once do harm): retire the old, wait until it is gone, launch.
The first new worker that fails ends the rollout; the old ones that are left stay.
"""

from __future__ import annotations

from enum import Enum

from ...record import dataclass, replace


class Happening(Enum):
    """What the rollout waits for, about the slot under way."""

    BEGIN = "begin"
    READY = "the new worker is ready"
    FAILED = "the new worker did not become ready"
    GONE = "the old worker is gone"


class Deed(Enum):
    """What is to be done to the slot under way."""

    LAUNCH = "launch the new worker"
    RETIRE = "retire the old worker"
    FINISH = "all slots are replaced"
    ABORT = "remove the new worker; the old ones stay"


@dataclass(frozen=True)
class Rollout:
    """What is left to do."""

    slots: tuple[int, ...]
    """The slot under way first."""
    overlap: bool
    done: tuple[int, ...] = ()

    @property
    def slot(self) -> int:
        """The slot under way; -1 after the last."""
        return self.slots[0] if self.slots else -1


def step(rollout: Rollout, happening: Happening) -> tuple[Rollout, Deed | None]:
    """Take one event; at most one thing is to be done for it."""
    if happening is Happening.BEGIN:
        return rollout, _first(rollout)
    if not rollout.slots:
        return rollout, None
    if happening is Happening.FAILED:
        return rollout, Deed.ABORT
    if happening is Happening.READY:
        return (rollout, Deed.RETIRE) if rollout.overlap else _next(rollout)
    return _next(rollout) if rollout.overlap else (rollout, Deed.LAUNCH)


def _next(rollout: Rollout) -> tuple[Rollout, Deed]:
    after = replace(rollout, slots=rollout.slots[1:], done=(*rollout.done, rollout.slot))
    return after, _first(after)


def _first(rollout: Rollout) -> Deed:
    if not rollout.slots:
        return Deed.FINISH
    return Deed.LAUNCH if rollout.overlap else Deed.RETIRE
