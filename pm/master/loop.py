"""The master's event loop: fds, timers, signals; asleep when nothing happens."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

now = time.monotonic


class Timer:
    """Something to be done at a time, unless cancelled."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Make it do nothing; may be called twice, and after it fired."""
        self.action = None


def _nothing() -> None:
    """Stand in for a host that is not there."""


class Loop:
    """One epoll, one heap of timers, and once it is asked for one wakeup fd for signals.

    It runs by itself, or in turns within another loop that watches its `fileno`.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._round = 0
        self._since: dict[int, int] = {}
        """The round in which each fd began to be watched."""
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._signals = Signals(self)
        self._running = True
        self.on_earlier: Callable[[], None] = _nothing
        """Called when a timer has become the first."""
        self.after_each: list[Callable[[], None]] = []
        """Done once after each round of events."""

    def fileno(self) -> int:
        """Return an fd that is readable while something is to be done."""
        return self._epoll.fileno()

    def watch(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        """Call `handler(events)` when something is to be done on `fd`; replaces an earlier one."""
        if fd in self._handlers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
            self._since[fd] = self._round
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """Stop watching; before the fd is closed. It need not be watched."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Do something at a monotonic time."""
        timer = Timer(when, action)
        heapq.heappush(self._timers, (when, next(self._count), timer))
        if self._timers[0][2] is timer:
            self.on_earlier()
        return timer

    def on_signal(self, number: int, action: Callable[[], None]) -> None:
        """Turn a signal into an event of the loop, until `give_back_signals`."""
        self._signals.take(number, action)

    def give_back_signals(self) -> None:
        """Leave the signals to whoever had them before."""
        self._signals.give_back()

    def stop(self) -> None:
        """Let `run` return after this round."""
        self._running = False

    def run(self) -> None:
        """Serve events until `stop`."""
        self._running = True
        while self._running:
            self.turn(self._patience())

    def turn(self, patience: float = 0.0) -> None:
        """Serve one round: what has happened, or happens within `patience` seconds."""
        self._round = this = self._round + 1
        for fd, events in self._epoll.poll(patience):
            handler = self._handlers.get(fd)
            # not what was said of another file, which had the number when the round began
            if handler is not None and self._since[fd] < this:
                handler(events)
        self._fire()
        for action in self.after_each:
            action()

    def close(self) -> None:
        """Close it, in a forked child too: what the parent watches stays watched."""
        self._handlers.clear()
        self.give_back_signals()
        self._epoll.close()

    def next_at(self) -> float | None:
        """Return when the first timer is due, None if there is none."""
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _patience(self) -> float:
        due = self.next_at()
        return -1.0 if due is None else max(0.0, due - now())

    def _fire(self) -> None:
        time_now = now()
        while self._timers and self._timers[0][0] <= time_now:
            timer = heapq.heappop(self._timers)[2]
            if timer.action is not None:
                timer.action()


class Signals:
    """Signals as events of a loop: nothing of the process is touched before the first is taken."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._actions: dict[int, Callable[[], None]] = {}
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._wakeup_before = -1

    def take(self, number: int, action: Callable[[], None]) -> None:
        """Do something, in the loop, whenever a signal comes."""
        if self._pipe is None:
            self._pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            self._loop.watch(self._pipe[0], select.EPOLLIN, self._arrived)
        self._actions[number] = action
        before = signal.signal(number, lambda *_: None)
        self._before.setdefault(number, before)

    def give_back(self) -> None:
        """Restore what was there before."""
        if self._pipe is None:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._loop.forget(self._pipe[0])
        for fd in self._pipe:
            os.close(fd)
        self._pipe = None
        self._actions.clear()
        self._before.clear()

    def _arrived(self, _: int) -> None:
        assert self._pipe is not None
        try:
            numbers = set(os.read(self._pipe[0], 4096))
        except BlockingIOError:
            return
        for number in numbers:
            if number in self._actions:
                self._actions[number]()
