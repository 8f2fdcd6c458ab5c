"""The master's event loop: fds, timers, signals; asleep when nothing happens."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import signal
import time
from collections.abc import Callable

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


class Loop:
    """One epoll, one heap of timers, one wakeup fd for signals."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._signals: dict[int, Callable[[], None]] = {}
        self._running = True
        self.after_each: list[Callable[[], None]] = []
        """Done once after each round of events."""
        self._reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.watch(self._reader, select.EPOLLIN, self._on_signals)

    def watch(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        """Call `handler(events)` when something is to be done on `fd`; replaces an earlier one."""
        if fd in self._handlers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """Stop watching; before the fd is closed. It need not be watched."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Do something at a monotonic time."""
        timer = Timer(when, action)
        heapq.heappush(self._timers, (when, next(self._count), timer))
        return timer

    def on_signal(self, number: int, action: Callable[[], None]) -> None:
        """Turn a signal into an event of the loop."""
        self._signals[number] = action
        signal.signal(number, lambda *_: None)

    def stop(self) -> None:
        """Let `run` return after this round."""
        self._running = False

    def run(self) -> None:
        """Serve events until `stop`."""
        while self._running:
            for fd, events in self._epoll.poll(self._patience()):
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(events)
            self._fire()
            for action in self.after_each:
                action()

    def _patience(self) -> float:
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return -1.0
        return max(0.0, self._timers[0][0] - now())

    def _fire(self) -> None:
        time_now = now()
        while self._timers and self._timers[0][0] <= time_now:
            timer = heapq.heappop(self._timers)[2]
            if timer.action is not None:
                timer.action()

    def _on_signals(self, _: int) -> None:
        try:
            numbers = set(os.read(self._reader, 4096))
        except BlockingIOError:
            return
        for number in numbers:
            if number in self._signals:
                self._signals[number]()
