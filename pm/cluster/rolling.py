"""The rolling restart of a program's workers: one after the other, by the daemon's `rollout`.

A worker that listens is replaced with overlap: the new one is ready before the old one drains. If
a new one fails, the old ones that are left stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..master.loop import now
from ..master.rolling.rollout import Deed, Happening, Rollout, step
from ..master.workers.readiness import Expected
from ..master.workers.worker import Worker as Inner
from ..record import replace
from .errors import ReloadFailed
from .forked import Worker
from .launch import Launch, launch_of
from .outcome import Outcome

if TYPE_CHECKING:
    from .primary import Primary


class Reload:
    """One rolling restart under way."""

    def __init__(self, primary: Primary, over: Callable[[], None]) -> None:
        self.outcome: Outcome[list[Worker]] = Outcome(primary.host)
        self._primary = primary
        self._over = over
        """Called when it has come to its end."""
        self._left: list[Worker] = []
        self._new: list[Worker] = []
        self._old: Inner | None = None
        self._candidate: Inner | None = None
        self._rollout = Rollout((), True)
        self._reason = ""
        """Why it has failed."""
        self.left_off = False
        """All workers have been told to end: nobody takes a place."""

    def begin(self) -> None:
        """Go to the first worker."""
        self.left_off = False
        self._left = sorted(self._primary.workers.values(), key=lambda worker: worker.id)
        self._go_on()

    def _go_on(self) -> None:
        while self._left:
            old = self._primary.engine.crew.by_launch(self._left.pop(0).id)
            if old is not None and not old.asked:
                self._old = old
                self._rollout = Rollout((old.slot,), overlap=bool(old.listened))
                return self._happen(Happening.BEGIN)
        self._end()

    def _happen(self, happening: Happening) -> None:
        self._rollout, deed = step(self._rollout, happening)
        if deed is Deed.LAUNCH:
            self._launch()
        elif deed is Deed.RETIRE:
            self._retire()
        elif deed is Deed.FINISH:
            self._go_on()
        elif deed is Deed.ABORT:
            self._end()

    def _launch(self) -> None:
        assert self._old is not None
        if self.left_off:
            return self._go_on()
        old = launch_of(self._old)
        launch = Launch(self._primary.engine, Worker(self._primary), old.spec, old.settings)
        launch.spec = replace(old.spec, listen_timeout=old.settings["listen_timeout"])
        launch.slot, launch.number = self._old.slot, old.number + 1
        launch.expected = Expected(bool(self._old.accepted), frozenset(self._old.accepted))
        worker = self._primary.start(launch)
        old.member.successor, worker.successor = worker, old.member
        self._new.append(worker)
        self._candidate = self._primary.engine.crew.by_launch(worker.id)
        if self._candidate is None:
            self._reason = f"cannot be started: {launch.error}"
            self._happen(Happening.FAILED)

    def _retire(self) -> None:
        assert self._old is not None
        if self._old.ended is not None:
            return self._happen(Happening.GONE)
        self._primary.disconnect(launch_of(self._old).member)

    def ready(self, inner: Inner) -> None:
        """Go on when the new worker is ready."""
        if inner is self._candidate:
            self._candidate = None
            launch_of(inner).member.successor = None
            self._happen(Happening.READY)

    def ended(self, inner: Inner) -> None:
        """Go on when the old worker is gone; give up when the new one is."""
        if inner is self._candidate:
            self._candidate = None
            ended = f"{inner.reason}: {inner.ended}" if inner.reason else f"{inner.ended}"
            self._reason = f"{ended} before it was ready"
            self._happen(Happening.FAILED)
        elif inner is self._old and inner.asked:
            self._happen(Happening.GONE)

    def _end(self) -> None:
        self._old = None
        self._over()
        if not self._reason:
            return self.outcome.succeed(self._new)
        failed = self._new.pop()
        done = f"the first {len(self._new)} are new, the others old" if self._new else ""
        self.outcome.fail(
            ReloadFailed(
                f"reload refused: worker {failed.id}: {self._reason}",
                done or "the old workers go on serving",
            )
        )


class Reloads:
    """The reload under way, and one that waits for its end: there may be newer code by then."""

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._queue: list[Reload] = []

    def ask(self) -> Outcome[list[Worker]]:
        """Reload all workers; returns what that comes to."""
        if len(self._queue) < 2:
            self._queue.append(Reload(self._primary, self._over))
            if len(self._queue) == 1:
                self._begin_soon()
        return self._queue[-1].outcome

    def leave_off(self) -> None:
        """Start nobody any more in the reload under way: all workers are told to end."""
        if self._queue:
            self._queue[0].left_off = True

    def _begin_soon(self) -> None:
        self._primary.loop.call_at(now(), self._queue[0].begin)

    def _over(self) -> None:
        del self._queue[0]
        if self._queue:
            self._begin_soon()

    def ready(self, inner: Inner) -> None:
        """Take note that a worker serves."""
        if self._queue:
            self._queue[0].ready(inner)

    def ended(self, inner: Inner) -> None:
        """Take note that a worker has ended."""
        if self._queue:
            self._queue[0].ended(inner)
