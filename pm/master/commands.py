"""Each command of the daemon, begun."""

from __future__ import annotations

import signal
from collections import deque
from typing import Protocol

from ..codec import dumps
from ..control import Command, Results
from ..errors import Failed, PmError
from ..model import ActionResult, State
from . import process
from .app import App
from .daemonlink import Answer
from .messages.actions import Shell
from .rolling.reload import Reload
from .rolling.renewal import Renewal
from .rolling.respec import respecify
from .tasks import Restart, Stop, Want
from .workers.restart import Tally
from .workers.worker import Worker

_LONG = ("want", "restart", "reload", "stop")


class Office(Protocol):
    """What a command needs of the master around the app."""

    def flush_logs(self) -> None:
        """Empty the log files."""

    def report(self) -> None:
        """Tell the daemon the state as it is."""

    def leave(self) -> None:
        """End the master."""


class Commands:
    """Begins commands on one app."""

    def __init__(self, app: App, office: Office, shell: Shell) -> None:
        self._app = app
        self._shell = shell
        self._office = office
        app.memory.on_over = self.renew
        self._queue: deque[tuple[Command, Answer]] = deque()

    def handle(self, command: Command, answer: Answer) -> None:
        """Begin a command; `answer` is called when it has finished."""
        if command.op in _LONG:
            self._change(command, self._followed(command.id, answer))
        elif command.op == "signal":
            answer(*self._signal(command.slots, command.signal))
        elif command.op == "reset":
            for slot in self._chosen(command.slots):
                self._app.slots[slot].tally = Tally()
            self._app.changed()
            self._office.report()
            answer(None, "reset")
        elif command.op == "flush":
            self._office.flush_logs()
            answer(None, "flushed")
        elif command.op in ("message", "trigger"):
            self._talk(command, answer)
        elif command.op == "count":
            self._app.changed()
            self._office.report()
            answer(None, "")
        else:
            answer(None, "")

    def _talk(self, command: Command, answer: Answer) -> None:
        def triggered(results: list[ActionResult]) -> None:
            answer(None, dumps(Results(tuple(results))).decode())

        slots, message = command.slots, command.message
        try:
            if command.op == "message":
                answer(None, self._shell.send(slots, message))
            else:
                self._shell.trigger(slots, command.action, message, command.timeout, triggered)
        except PmError as error:
            answer(error, "")

    def _change(self, command: Command, answer: Answer) -> None:
        """Begin a command that changes which workers run, once those before it have ended.

        Only a stop does not wait: it ends them.
        """
        if command.op == "stop":
            self.stop(answer)
        elif self._app.tasks:
            self._queue.append((command, answer))
        else:
            self._begin(command, answer)

    def _begin(self, command: Command, answer: Answer) -> None:
        app = self._app
        if command.op == "want":
            Want(app, command.slots or (), answer, command.complete).begin()
        elif command.op == "restart":
            respecify(app, command.spec or app.spec)
            Restart(app, command.slots or self._all(), answer, command.complete).begin()
        else:
            Reload(app, command.slots or self._all(), command.spec or app.spec, answer).begin()

    def _followed(self, number: int, answer: Answer) -> Answer:
        """Let the events until the answer be progress of this command; then begin the next."""
        news = self._app.news
        news.follow(number)

        def last(error: PmError | None, text: str) -> None:
            if news.request == number:
                news.request = 0
            self._office.report()  # whoever gets the answer shall know the state it speaks of
            answer(error, text)
            if self._queue and not self._app.tasks:
                self._begin(*self._queue.popleft())

        return last

    def reload(self) -> None:
        """Reload all workers, for a signal: the events tell what comes of it."""
        self._change(Command(0, "reload"), self._followed(0, _nobody))

    def renew(self, worker: Worker, why: str) -> None:
        """Replace one worker, unless something else is under way."""
        if not self._app.tasks:
            Renewal(self._app, worker, why, self._followed(0, _nobody)).begin()

    def _all(self) -> tuple[int, ...]:
        return tuple(sorted(self._app.wanted)) or tuple(sorted(self._app.slots))

    def _chosen(self, slots: tuple[int, ...] | None) -> tuple[int, ...]:
        app = self._app
        return tuple(n for n in (app.slots if slots is None else slots) if n in app.slots)

    def stop(self, answer: Answer) -> None:
        """Stop everything, end what is under way, answer and leave."""
        app = self._app
        if any(isinstance(task, Stop) for task in app.tasks):
            return answer(None, "stopping already")
        superseded = Failed("superseded by a stop")
        queued, tasks = list(self._queue), list(app.tasks)
        self._queue.clear()
        app.tasks.clear()

        def done() -> None:
            answer(None, "stopped")
            self._office.leave()

        Stop(app, done).begin()
        for task in tasks:
            task.cancel(superseded)
        for _, waiting in queued:
            waiting(superseded, "")

    def _signal(self, slots: tuple[int, ...] | None, name: str) -> tuple[PmError | None, str]:
        try:
            number = signal.Signals[name]
        except KeyError:
            return Failed(f"no signal is named {name}"), ""
        sent = 0
        for slot in self._chosen(slots):
            for worker in self._app.slots[slot].workers:
                if worker.pid and worker.state is not State.STOPPED:
                    process.send(worker.pid, number)
                    sent += 1
        return None, f"{name} sent to {sent} worker{'' if sent == 1 else 's'}"


def _nobody(error: PmError | None, done: str) -> None:
    """Take an answer that nobody waits for; the events tell."""
