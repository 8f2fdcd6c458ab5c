"""What follows an end that no command explains: a restart, a rest, or giving up."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ...model import State
from ..loop import now
from .restart import Action, Exit, Verdict, judge
from .slot import Slot
from .worker import Worker

if TYPE_CHECKING:
    from ..app import App


class Crashes:
    """Carries out the verdicts of `restart` on the slots of an app."""

    def __init__(self, app: App) -> None:
        self._app = app

    def bury(self, slot: Slot, worker: Worker) -> None:
        """Decide what follows an end that no command explains."""
        if slot.workers:
            return
        if worker.asked or slot.number not in self._app.wanted:
            slot.rest(State.STOPPED, worker.reason)
            return
        ended = worker.ended or Exit(None, worker.reason or "a failed fork")
        slot.tally, verdict = judge(
            slot.tally,
            worker.generation.spec,
            ended,
            uptime=now() - worker.launched,
            jitter=random.random(),
            ready=worker.ready_at is not None,
        )
        reason = f"{worker.reason}; {verdict.reason}" if worker.reason else verdict.reason
        self._carry_out(slot, verdict, reason)

    def _carry_out(self, slot: Slot, verdict: Verdict, reason: str) -> None:
        if verdict.action is Action.STAY_STOPPED:
            slot.rest(State.STOPPED, reason)
            slot.over = True
            self._app.news.event("stop", reason, slot)
        elif verdict.action is Action.GIVE_UP:
            self.give_up(slot, reason)
        elif verdict.delay <= 0:
            slot.reason = reason
            self._app.news.event("restart", reason, slot)
            self._app.launch(slot)
        else:
            slot.rest(State.WAITING, f"{reason}; restart in {verdict.delay:.1f} s")
            self._app.news.event("restart", slot.reason, slot)
            slot.timer = self._app.loop.call_at(
                now() + verdict.delay, lambda: self._app.launch(slot)
            )

    def give_up(self, slot: Slot, reason: str) -> None:
        """Leave a slot errored; when all are, the ports are released."""
        slot.cancel()
        slot.rest(State.ERRORED, reason)
        self._app.news.event("errored", reason, slot)
        if all(self._app.slot(n).state is State.ERRORED for n in self._app.wanted):
            self._app.listeners.close_all()
