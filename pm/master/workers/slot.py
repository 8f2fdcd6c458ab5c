"""A slot: a worker's stable number, what it counts, and how it is shown."""

from __future__ import annotations

from ...model import State, WorkerView
from ...record import dataclass, field
from ..loop import Timer
from ..rolling.generation import Generation
from .restart import Exit, Tally
from .worker import Worker


@dataclass(eq=False)
class Slot:
    """One of the places that workers fill, one after the other."""

    number: int
    generation: Generation
    """What its next worker is forked from."""
    tally: Tally = field(default_factory=Tally)
    workers: list[Worker] = field(default_factory=list)
    """Two while a reload replaces one by the other, the newer last."""
    idle: State = State.STOPPED
    """Its state while it has no worker: STOPPED, WAITING or ERRORED."""
    over: bool = False
    """It ended by itself and shall not be started again without a word."""
    reason: str = ""
    lines: tuple[str, ...] = ()
    """Last words of a worker that failed."""
    last: Exit | None = None
    timer: Timer | None = None
    connections: int = 0
    """Handed to workers that are gone."""

    @property
    def shown(self) -> Worker | None:
        """The worker that serves, else the newest."""
        for worker in self.workers:
            if worker.state is State.ONLINE:
                return worker
        return self.workers[-1] if self.workers else None

    @property
    def state(self) -> State:
        """Its state, as shown; of one that has died, until what follows is decided: stopping."""
        if self.shown is None:
            return self.idle
        return State.STOPPING if self.shown.state is State.STOPPED else self.shown.state

    def rest(self, idle: State, reason: str) -> None:
        """Be without a worker, for a reason."""
        self.idle, self.reason, self.over = idle, reason, False

    def cancel(self) -> None:
        """Forget a restart that waits."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def view(self, connections: int) -> WorkerView:
        """Show it; `connections` are those that its living workers have got."""
        worker = self.shown
        return WorkerView(
            slot=self.number, state=self.state, pid=worker.pid if worker else 0,
            generation=worker.generation.number if worker else self.generation.number,
            started_at=worker.started_at if worker else 0.0,
            restarts=self.tally.restarts, unstable=self.tally.unstable,
            exit_code=self.last.code if self.last else None,
            exit_signal=self.last.signal if self.last else "",
            reason=(worker.reason if worker else "") or self.reason,
            connections=self.connections + connections,
            over=self.over,
            open=sum(worker.open_connections() for worker in self.workers),
        )  # fmt: skip
