"""The loop of the log thread: orders from the master's loop, and fds to wait for."""

from __future__ import annotations

import os
import select
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Loop:
    """Runs in its own thread; from another only `order`, and `close` once the thread has ended."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._orders: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[int], None]] = {}
        self._running = True
        self.between: Callable[[], float | None] = lambda: None
        """Called before each wait; returns its limit in seconds."""
        self.watch(self._wake, self._obey)

    def order(self, call: Callable[..., None], *args: object) -> None:
        """Have something called in the thread, in the order of the orders."""
        self._orders.append((call, args))
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Work until `quit`; an error of ours is said and survived."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while self._running:
            try:
                for fd, mask in self._epoll.poll(self.between()):
                    if fd in self._calls:
                        self._calls[fd](mask)
            except Exception as error:  # else pipes fill up and every worker stands still
                self._say(f"logs: {type(error).__name__}: {error}")
                os.eventfd_write(self._wake, 1)  # there may be orders left

    def quit(self) -> None:
        """End the thread."""
        self._running = False

    def close(self) -> None:
        """Close what `run` needed; for the thread that gave the last order, after `run`'s end."""
        self._epoll.close()
        os.close(self._wake)  # not in `run`: it may have found `quit` before `order` has written

    def watch(self, fd: int, call: Callable[[int], None]) -> None:
        """Call with the epoll mask whenever `fd` has something to say."""
        self._calls[fd] = call
        self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Watch no longer; call it before the fd is closed."""
        del self._calls[fd]
        self._epoll.unregister(fd)

    def _obey(self, _mask: int) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._orders:
            call, args = self._orders.popleft()
            call(*args)
