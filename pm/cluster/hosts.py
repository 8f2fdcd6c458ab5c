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


class Stopper:
    """Ctrl-C and SIGTERM for the time of a run: first time stop, second time kill.

    A signal for which the program has a handler of its own is the program's.
    """

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._number = 0

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number, default in (
            (signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)
        ):  # fmt: skip
            if signal.getsignal(number) is default:
                self._primary.loop.on_signal(number, self._primary.stop)

    def __exit__(self, *_: object) -> None:
        self._primary.loop.give_back_signals()


@contextmanager
def on_stop_signal(primary: Primary) -> Iterator[None]:
    """Let SIGTERM stop the workers, in asyncio; unless the program has a handler of its own."""
    host = running_asyncio()
    assert host is not None
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    host.add_signal_handler(signal.SIGTERM, primary.stop)
    try:
        yield
    finally:
        host.remove_signal_handler(signal.SIGTERM)


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
        loop.call_at(now(), look)
        try:
            if not done():
                loop.run()
        finally:
            loop.after_each.remove(look)

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
