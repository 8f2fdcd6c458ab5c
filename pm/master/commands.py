"""Each command of the daemon, begun."""

from __future__ import annotations

import signal

from ..control import Command
from ..errors import Failed, PmError
from ..model import AppSpec, State
from . import process
from .app import App
from .daemonlink import Answer
from .reload import Reload
from .restart import Tally
from .tasks import Restart, Stop, Want


class Commands:
    """Begins commands on one app."""

    def __init__(self, app: App, flush: object, leave: object) -> None:
        self._app = app
        self._flush = flush
        self._leave = leave

    def handle(self, command: Command, answer: Answer) -> None:
        """Begin a command; `answer` is called when it has finished."""
        app = self._app
        slots = command.slots
        if command.spec is not None and command.op == "restart":
            app.spec = command.spec
        match command.op:
            case "want":
                Want(app, slots or (), answer).begin()
            case "restart":
                Restart(app, slots or self._all(), answer).begin()
            case "reload":
                self.reload(slots or self._all(), command.spec or app.spec, answer)
            case "stop":
                self.stop(answer)
            case "signal":
                answer(*self._signal(slots, command.signal))
            case "reset":
                for slot in self._chosen(slots):
                    app.slots[slot].tally = Tally()
                app.changed()
                answer(None, "reset")
            case "flush":
                self._flush()  # type: ignore[operator]
                answer(None, "flushed")
            case _:
                answer(None, "")

    def _all(self) -> tuple[int, ...]:
        return tuple(sorted(self._app.wanted)) or tuple(sorted(self._app.slots))

    def _chosen(self, slots: tuple[int, ...] | None) -> tuple[int, ...]:
        app = self._app
        return tuple(n for n in (app.slots if slots is None else slots) if n in app.slots)

    def reload(self, slots: tuple[int, ...], spec: AppSpec, answer: Answer) -> None:
        """Begin a reload, one at a time."""
        if any(isinstance(task, Reload) for task in self._app.tasks):
            return answer(Failed("a reload is under way", "wait until it has ended"), "")
        Reload(self._app, slots, spec, answer).begin()

    def stop(self, answer: Answer) -> None:
        """Stop everything, cut off what is under way, answer and leave."""
        app = self._app
        for task in list(app.tasks):
            if isinstance(task, Stop):
                return answer(None, "stopping already")
        app.tasks.clear()

        def done() -> None:
            answer(None, "stopped")
            self._leave()  # type: ignore[operator]

        Stop(app, done).begin()

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
