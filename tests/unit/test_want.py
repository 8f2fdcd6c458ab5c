"""A command that starts workers is answered once it is known what became of each of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, cast

from pm.errors import PmError
from pm.master.app import App
from pm.master.loop import Loop
from pm.master.tasks import Want
from pm.master.workers.lastwords import LastWords
from pm.master.workers.life import Life
from pm.master.workers.restart import Exit
from pm.master.workers.worker import Worker
from pm.model import AppSpec, Mode, State
from pm.record import replace

SPEC = AppSpec("web", "web.py", "/", exec_mode=Mode.FORK)


class SlowWords:
    """The last words of dead workers, which are read when a test says so."""

    def __init__(self) -> None:
        self.logs: Any = None
        self.read: list[Callable[[], None]] = []

    def after(self, _pid: int, action: Callable[[], None]) -> None:
        self.read.append(action)

    def lines(self, _: Worker) -> list[str]:
        return ["the reason"]


def test_one_that_has_failed_is_not_answered_for_before_its_last_words_are_read() -> None:
    """Its fellow is ready meanwhile; and of two that fail, the second is not started again."""
    words, loop = SlowWords(), Loop()
    app = App(loop, cast(LastWords, cast(object, words)), SPEC, 1)
    workers = [_worker(app, number) for number in range(3)]
    answers: list[PmError | None] = []
    want = Want(app, (0, 1, 2), lambda error, _text: answers.append(error))
    app.wanted = {0, 1, 2}
    app.tasks.append(want)
    for dead in workers[:2]:
        dead.life, dead.ended = Life(State.STOPPED), Exit(1, "")
        app.on_gone(dead)
    app.on_ready(workers[2], "accepts")
    for read in words.read:
        loop.turn()
        assert answers == []
        read()
    loop.turn()
    assert [str(error) for error in answers] == ["exit code 1 before it was ready"]
    assert [app.slot(n).state for n in app.wanted] == [State.ERRORED] * 2 + [State.ONLINE]
    loop.close()


def test_of_one_whose_last_words_are_read_nothing_is_concluded_from_what_is_shown() -> None:
    """Who depends on a job would take one that is stopped, and not over, for one that failed."""
    words, loop = SlowWords(), Loop()
    app = App(loop, cast(LastWords, cast(object, words)), replace(SPEC, autorestart=False), 1)
    worker = _worker(app, 0)
    app.wanted = {0}
    worker.life, worker.ended = Life(State.STOPPED), Exit(0, "")
    app.on_gone(worker)
    assert app.slot(0).view(0).state is State.STOPPING
    words.read[0]()
    shown = app.slot(0).view(0)
    assert (shown.state, shown.over, shown.exit_code) == (State.STOPPED, True, 0)
    loop.close()


def _worker(app: App, number: int) -> Worker:
    life = Life(State.ONLINE if number == 2 else State.LAUNCHING)
    slot = app.slot(number)
    worker = Worker(number, number, slot.generation, life, pid=os.getpid())
    slot.workers.append(worker)
    return worker
