"""What the master lets workers know without a message: who leads, and how many slots there are."""

from __future__ import annotations

from collections.abc import Callable

from ..model import State
from ..worker import board
from .workers.crew import Crew
from .workers.worker import Worker


def choose(leader: Worker | None, workers: list[Worker]) -> Worker | None:
    """Return who leads: the old leader while it serves, else the oldest of the newest generation.

    So that leadership passes once in a reload, not at each step of it. None if nobody serves.
    """
    ready = [worker for worker in workers if worker.state is State.ONLINE and worker.notices]
    if leader in ready:
        return leader
    return max(ready, key=lambda w: (w.generation.number, -w.launch), default=None)


class Notices:
    """Keeps the boards of one app's workers up to date."""

    def __init__(self, crew: Crew, slots: Callable[[], int]) -> None:
        self._crew = crew
        self._slots = slots
        self.leader: Worker | None = None

    def post(self) -> None:
        """Write what is so now; the old leader is told before the new."""
        workers = list(self._crew)
        self.leader = choose(self.leader, workers)
        for worker in sorted(workers, key=lambda w: w is self.leader):
            if worker.notices is not None:
                board.write_notice(worker.notices, worker is self.leader, self._slots())
