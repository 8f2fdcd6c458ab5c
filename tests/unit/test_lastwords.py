"""How long a dead process's last words are waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pm.master.loop import Loop, Timer
from pm.master.workers.lastwords import LastWords, LogTail


class Paused:
    """A loop whose timers a test lets fire, however late."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.on_finished: Callable[[int], None] | None = None

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        self.timers.append(Timer(when, action))
        return self.timers[-1]

    def watch(self, _fd: int, _events: int, handler: Callable[[int], None]) -> None:
        self.on_finished = handler

    def fire(self) -> None:
        action = self.timers.pop(0).action
        assert action is not None
        action()


class Logs:
    """A log thread that has read nothing yet."""

    finished_fd = -1
    finished: tuple[int, ...] = ()

    def settle(self, pid: int) -> None:
        """Nothing is read before the test says so."""

    def take_finished(self) -> tuple[int, ...]:
        return self.finished


def waiting() -> tuple[Paused, Logs, list[str]]:
    """Return what waits for the last words of process 7, and where their end is noted."""
    loop, logs, done = Paused(), Logs(), list[str]()
    words = LastWords(cast(Loop, cast(Any, loop)), cast(LogTail, cast(Any, logs)))
    words.after(7, lambda: done.append("done"))
    return loop, logs, done


def test_a_pause_of_the_machine_does_not_use_up_the_patience() -> None:
    loop, logs, done = waiting()
    loop.fire()
    assert done == []
    logs.finished = (7,)
    assert loop.on_finished is not None
    loop.on_finished(0)
    assert done == ["done"]
    assert [timer.action for timer in loop.timers] == [None]


def test_it_ends() -> None:
    loop, _logs, done = waiting()
    while not done:
        loop.fire()
    assert loop.timers == []
