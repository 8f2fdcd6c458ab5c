"""Where the loop of a program's master has its turns: by itself, or within an asyncio loop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..master.loop import Loop, now
from .outbox import Outbox, refuse

if TYPE_CHECKING:
    import asyncio

    from .primary import Primary


def running_asyncio() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio loop that runs in this thread, without importing asyncio."""
    events = sys.modules.get("asyncio.events")
    return events._get_running_loop() if events is not None else None


def _plain(number: int) -> bool:
    """True if the program has no handler of its own for a signal."""
    handler = signal.getsignal(number)
    if handler in (signal.SIG_DFL, signal.default_int_handler):
        return True
    of_asyncio = getattr(handler, "func", None)  # asyncio.run() puts its own there for Ctrl-C
    return getattr(of_asyncio, "__qualname__", "") == "Runner._on_sigint"


def _stop_signals() -> list[int]:
    """Return those that stop a run: a signal that the program handles is the program's."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [number for number in (signal.SIGINT, signal.SIGTERM) if _plain(number)]


@contextmanager
def stopped_by_signals(primary: Primary) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop the workers; a second one kills them."""
    for number in _stop_signals():
        primary.loop.on_signal(number, primary.stop)
    try:
        yield
    finally:
        primary.loop.give_back_signals()


@contextmanager
def stopped_by_signals_in_asyncio(primary: Primary) -> Iterator[None]:
    """As `stopped_by_signals`, in the asyncio loop that runs."""
    host = running_asyncio()
    assert host is not None
    before = {number: signal.getsignal(number) for number in _stop_signals()}
    for number in before:
        host.add_signal_handler(number, primary.stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            host.remove_signal_handler(number)
            signal.signal(number, handler)


class Embedding:
    """The loop within an asyncio loop: it has a turn when its fd is readable, or a timer due."""

    def __init__(self, loop: Loop, outbox: Outbox, host: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._outbox = outbox
        self.host = host
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[Any] = set()
        host.add_reader(loop.fileno(), self._turn)
        loop.on_earlier = self._arm
        outbox.schedule = self._schedule
        self._arm()

    def _turn(self) -> None:
        try:
            self._loop.turn(0.0)
        finally:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._loop.next_at()
        self._timer = None
        if due is not None:
            self._timer = self.host.call_later(max(0.0, due - now()), self._turn)

    def _schedule(self, awaitable: Any) -> None:
        import asyncio

        task = asyncio.ensure_future(awaitable, loop=self.host)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def leave(self) -> None:
        """Let the loop be on its own again."""
        self._loop.on_earlier = lambda: None
        self._outbox.schedule = refuse
        if not self.host.is_closed():
            self.host.remove_reader(self._loop.fileno())
            if self._timer is not None:
                self._timer.cancel()


class Host:
    """Where the loop of a program's master has its turns at present."""

    def __init__(self, loop: Loop, outbox: Outbox) -> None:
        self._loop = loop
        self._outbox = outbox
        self._embedding: Embedding | None = None
        self.used = False
        """True once the loop has had a turn, or is to have one."""

    def turn_until(self, done: Callable[[], bool]) -> None:
        """Let the loop turn by itself until something is done. Raises RuntimeError in asyncio."""
        if running_asyncio() is not None:
            raise RuntimeError("an asyncio loop is running: use `await`")
        self.used = True
        loop = self._loop

        def look() -> None:
            if done():
                loop.stop()

        loop.after_each.append(look)
        first = loop.call_at(now(), look)
        try:
            if not done():
                loop.run()
        finally:
            loop.after_each.remove(look)
            first.cancel()  # it would end the next run, if this one had nothing to wait for

    def join_asyncio(self) -> None:
        """Let the loop turn within the asyncio loop that runs now, if there is one."""
        running = running_asyncio()
        if running is None or (self._embedding is not None and self._embedding.host is running):
            return
        self.leave_asyncio()
        self.used = True
        self._embedding = Embedding(self._loop, self._outbox, running)

    def leave_asyncio(self) -> None:
        """Let the loop be on its own again."""
        if self._embedding is not None:
            self._embedding.leave()
            self._embedding = None
