"""What each slot did under earlier masters. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pm.model import WorkerView
from pm.record import dataclass, field, replace


@dataclass(frozen=True)
class History:
    """The last that was seen of each slot, and what its earlier masters counted."""

    seen: dict[int, WorkerView] = field(default_factory=dict)
    carried: dict[int, int] = field(default_factory=dict)
    """Restarts of each slot under masters that have ended."""

    def saw(self, workers: Iterable[WorkerView]) -> History:
        """Take what a master shows."""
        return replace(self, seen={**self.seen, **{w.slot: w for w in workers}})

    def next_master(self) -> History:
        """Carry the counts on: a new master begins at zero."""
        carried = dict(self.carried)
        for slot, worker in self.seen.items():
            carried[slot] = carried.get(slot, 0) + worker.restarts
        return History({}, carried)

    def only(self, slots: Iterable[int]) -> History:
        """Forget the slots that are no more."""
        kept = set(slots)
        return History(
            {slot: worker for slot, worker in self.seen.items() if slot in kept},
            {slot: count for slot, count in self.carried.items() if slot in kept},
        )

    def reset(self, living: bool) -> History:
        """Set the counts to zero; a living master does that to its own."""
        seen = self.seen
        if not living:
            seen = {slot: replace(worker, restarts=0) for slot, worker in seen.items()}
        return History(seen, {})
