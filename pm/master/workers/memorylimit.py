"""Looks at what workers use, every few seconds, where their spec has a limit (`overuse` judges).

Memory cannot be waited for, so this is one of the few things that are polled; the master does
it, for it outlives the daemon. A look reads the quick bound of each worker, and only where that
is over the limit what it really uses. Looks never take more than a hundredth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...model import State
from ..loop import Timer, now
from . import memory
from .overuse import Look, Watched, judge, words
from .worker import Worker

if TYPE_CHECKING:
    from ..app import App

PAUSE = 3.0
_SHARE = 100


class MemoryLimit:
    """Watches the workers of one app."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._watched: dict[int, Watched] = {}
        self._timer: Timer | None = None
        self.on_over: Callable[[Worker, str], None] = lambda _worker, _why: None
        """Called with a worker that is to be replaced, and why."""

    def begin(self) -> None:
        """Look now and then for as long as there is a worker with a limit."""
        if self._timer is None:
            self._rest(PAUSE)

    def _rest(self, pause: float) -> None:
        limited = any(map(_limit_of, self._app.crew))
        self._timer = self._app.loop.call_at(now() + pause, self._look) if limited else None

    def _look(self) -> None:
        began = now()
        for worker in self._app.crew:
            # one change at a time: while a command is under way, nothing is to be replaced
            if _limit_of(worker) and worker.state is State.ONLINE and not self._app.tasks:
                self._judge(worker)
        self._rest(max(PAUSE, _SHARE * (now() - began)))

    def _judge(self, worker: Worker) -> None:
        limit = _limit_of(worker)
        used = memory.bound_of(worker.pid)
        if used > limit:
            used = memory.used_by(worker.pid)
        look = Look(worker.launch, used, limit, now() - worker.launched)
        watched = self._watched.get(worker.slot, Watched())
        self._watched[worker.slot], over, remark = judge(watched, look, now())
        if remark:
            slot = self._app.slots[worker.slot]
            slot.reason = remark
            self._app.news.event("note", remark, slot, worker.pid)
        if over:
            self.on_over(worker, words(look))


def _limit_of(worker: Worker) -> int:
    return worker.generation.spec.max_memory_restart
