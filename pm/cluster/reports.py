"""What the engine reports of the workers, turned into states and events."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..master.workers.readiness import Expected
from ..master.workers.worker import Worker as Inner
from .address import address_of
from .forked import Worker
from .launch import launch_of

if TYPE_CHECKING:
    from .primary import Primary


successor: ContextVar[Worker | None] = ContextVar("successor", default=None)
"""While an exit is told, also to coroutines: the worker that has taken the place already."""


class Reports:
    """Listens to the engine of one program."""

    def __init__(self, primary: Primary) -> None:
        self._primary = primary

    # For the engine, which calls this its owner.

    def expected(self, inner: Inner) -> Expected:
        """Say what a worker has to do before it is ready: what the one did that it replaces."""
        return launch_of(inner).expected

    def on_ready(self, inner: Inner, _how: str) -> None:
        """Take note that a worker serves."""
        self._primary.reloads.ready(inner)

    def on_gone(self, inner: Inner) -> None:
        """Take note that a worker has ended, or could not be started."""
        worker = launch_of(inner).member
        worker.process.finished(inner.ended)
        self._primary.engine.notices.post()
        self.hung_up(inner)
        self._primary.engine.closed.ended(inner)
        self._primary.reloads.ended(inner)
        self._primary.outbox.later(lambda: self._bury(inner, worker))

    def _bury(self, inner: Inner, worker: Worker) -> None:
        primary = self._primary
        worker.state = "dead"
        primary.forget(worker)
        if inner.ended is None:
            return primary.outbox.tell(worker, "error", launch_of(inner).error)
        worker.exited_after_disconnect = bool(worker.exited_after_disconnect)
        result = worker.process.exit_code, worker.process.signal_code
        token = successor.set(worker.successor)
        try:
            primary.outbox.tell(worker, "exit", *result)
            primary.outbox.tell(primary.events, "exit", worker, *result)
        finally:
            successor.reset(token)

    def changed(self) -> None:
        """Let the workers know who leads."""
        self._primary.engine.notices.post()

    def settle_soon(self) -> None:
        """Nothing: no command is under way."""

    # For listeners and links.

    def accepts(self, member: object, key: str) -> None:
        """Take note that a worker has taken its probe."""
        inner = self._primary.engine.crew.by_launch(member)
        if inner is not None:
            inner.accepted.add(key)
            self._primary.engine.crew.lives.judge(inner)

    def used(self, member: object) -> float | None:
        """Return the CPU seconds that a worker has used, if it runs or waits for a core."""
        inner = self._primary.engine.crew.by_launch(member)
        return None if inner is None else inner.used()

    def online(self, inner: Inner, *_: object) -> None:
        """Take note that a worker is about to run its program."""
        launch = launch_of(inner)
        if not launch.online:
            launch.online = True
            self._note(inner, "online")

    def listens(self, inner: Inner, key: str) -> None:
        """Take note that a worker listens."""
        address = address_of(self._primary.engine.listeners, key)
        if address is not None:
            self._note(inner, "listening", address)

    def leaves(self, inner: Inner, *_: object) -> None:
        """Take note that a worker asks for its own end."""
        self._primary.disconnect(launch_of(inner).member)

    def message(self, inner: Inner, message: object) -> None:
        """Take note that a worker has sent a message."""
        worker, primary = launch_of(inner).member, self._primary

        def tell() -> None:
            primary.outbox.tell(worker, "message", message)
            primary.outbox.tell(primary.events, "message", worker, message)

        primary.outbox.later(tell)

    def _note(self, inner: Inner, event: str, *args: Any) -> None:
        """Tell an event of a worker, which is also its state from then on."""
        worker, primary = launch_of(inner).member, self._primary

        def tell() -> None:
            worker.state = event
            primary.outbox.tell(worker, event, *args)
            primary.outbox.tell(primary.events, event, worker, *args)

        primary.outbox.later(tell)

    def hung_up(self, inner: Inner) -> None:
        """Take note that a worker has closed its link, or died."""
        self._primary.engine.crew.hung_up(inner)
        worker, primary = launch_of(inner).member, self._primary
        if not worker.connected:
            return
        worker.connected = False

        def tell() -> None:
            worker.state = "disconnected"
            worker.exited_after_disconnect = bool(worker.exited_after_disconnect)
            primary.outbox.tell(worker, "disconnect")
            primary.outbox.tell(primary.events, "disconnect", worker)

        primary.outbox.later(tell)
