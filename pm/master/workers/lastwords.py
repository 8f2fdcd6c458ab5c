"""What a process said last: waited for, briefly, before its end is judged."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Protocol

from ..loop import Loop, Timer, now
from ..output.logs import LogPlan
from ..output.pipes import Logs
from .restart import Exit
from .worker import Worker

_PATIENCE = 0.5
_STEPS = 10
"""The patience is taken in so many: a pause of the whole machine is one of them, and the log thread
has the others to read what is there."""


class LogTail(Logs, Protocol):
    """What the log thread knows of a dead process."""

    finished_fd: int

    def tail(self, pid: int, lines: int = 20) -> list[str]:
        """Return its last lines."""

    def settle(self, pid: int) -> None:
        """Read what it has left, then call it finished."""

    def rearrange(self, plan: LogPlan) -> None:
        """Write to other files from now on."""

    def take_finished(self) -> list[int]:
        """Return the pids that are finished."""


class LastWords:
    """Actions that wait for the log thread, or for a template's exit."""

    def __init__(self, loop: Loop, logs: LogTail) -> None:
        self.logs = logs
        self._loop = loop
        self._waiting: dict[int, tuple[Callable[[], None], Timer]] = {}
        self._template_exits: dict[int, Exit] = {}
        self._template_waits: dict[int, Callable[[Exit | None], None]] = {}
        loop.watch(logs.finished_fd, select.EPOLLIN, self._finished)

    def after(self, pid: int, action: Callable[[], None]) -> None:
        """Do something once a dead process's output is read, or soon in any case."""
        self._wait(pid, action, _STEPS)
        self.logs.settle(pid)

    def _wait(self, pid: int, action: Callable[[], None], steps: int) -> None:
        def over() -> None:
            if steps > 1:
                self._wait(pid, action, steps - 1)
            else:
                self._go(pid)

        self._waiting[pid] = (action, self._loop.call_at(now() + _PATIENCE / _STEPS, over))

    def of_template(self, pid: int, action: Callable[[Exit | None], None]) -> None:
        """Do something once a template whose channel has ended is reaped and read."""

        def read(ended: Exit | None) -> None:
            self.after(pid, lambda: action(ended))

        if pid in self._template_exits:
            read(self._template_exits.pop(pid))
        else:
            self._template_waits[pid] = read

    def reaped(self, pid: int, ended: Exit, template: bool) -> None:
        """Take note of an exit that was no worker's."""
        wait = self._template_waits.pop(pid, None)
        if wait is not None:
            wait(ended)
        elif template:
            self._template_exits[pid] = ended

    def lines(self, worker: Worker) -> list[str]:
        """Return the last lines of a worker, or of its template if it never began."""
        return self.logs.tail(worker.pid or worker.generation.pid)

    def _finished(self, _: int) -> None:
        for pid in self.logs.take_finished():
            self._go(pid)

    def _go(self, pid: int) -> None:
        action, timer = self._waiting.pop(pid, (None, None))
        if timer is not None:
            timer.cancel()
        if action is not None:
            action()
