"""What the master lets workers know without a message: who leads, and how many slots there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import State
from ..worker import board
from .crew import Crew
from .reply import answer
from .worker import Worker


def choose(leader: Worker | None, workers: list[Worker]) -> Worker | None:
    """Return who leads: the old leader while it serves, else the oldest of the newest generation.

    So that leadership passes once in a reload, not at each step of it. None if nobody serves.
    """
    ready = [worker for worker in workers if worker.state is State.ONLINE and worker.pages]
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
            page = worker.pages.get(worker.pid)
            if page is not None:
                board.write_notice(page, worker is self.leader, self._slots())

    def say_slots(self, _worker: Worker, _: dict[str, Any], _body: bytes, fds: list[int]) -> None:
        """Answer a process that has no board to read the number of slots from."""
        answer(fds[0], {"slots": self._slots()}, [])
