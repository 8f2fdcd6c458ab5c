"""The warden: stops the workers of a dead master, as the master would have done."""

from __future__ import annotations

import mmap
import os
import select
import signal
import time

from . import board
from .sockets.conversation import BUSY, OPAQUE, OPEN

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import NoReturn

_LOOK = 0.02
_FIRST_LOOK = 0.05
"""Seconds in which a worker reads what its channel still holds."""
_OPEN_GRACE = 1.0
"""Seconds that a new or blind connection is given."""


class Ward:
    """One worker to be stopped if the master dies."""

    def __init__(self, pid: int, page: mmap.mmap) -> None:
        self.pid = pid
        self.page = page
        """Its board."""


def stop(workers: dict[int, Ward], stop_signal: str, kill_timeout: float) -> NoReturn:
    """Let each worker (by pidfd) finish, signal it, kill it if it stays; then end this process.

    Nothing new reaches them: their channels have ended with the master. The next master serves
    on the same listeners meanwhile.
    """
    number = getattr(signal, stop_signal, signal.SIGTERM)
    begun = time.monotonic()
    finish = begun + kill_timeout
    time.sleep(_FIRST_LOOK)
    unsignalled = dict(workers)
    while workers and time.monotonic() < finish + kill_timeout:
        waited = time.monotonic() - begun
        for pidfd, ward in list(unsignalled.items()):
            if waited >= kill_timeout or not at_work(ward.page, waited):
                del unsignalled[pidfd]
                _send(ward.pid, number)
        _bury(workers, unsignalled)
    for ward in workers.values():
        _send(-ward.pid, signal.SIGKILL)
    os._exit(0)


def at_work(page: mmap.mmap, waited: float) -> bool:
    """True while a worker whose master is dead has something to finish, by its board."""
    # before and after: what is taken in between is shown by then, or in the states
    elsewhere = board.is_busy_elsewhere(page)
    states = page[1 : board.SIZE]
    if elsewhere or board.is_busy_elsewhere(page) or BUSY in states or OPAQUE in states:
        return True
    return waited < _OPEN_GRACE and (OPEN in states or board.BLIND in states)


def _bury(workers: dict[int, Ward], unsignalled: dict[int, Ward]) -> None:
    """Wait a moment for exits."""
    poll = select.poll()
    for pidfd in workers:
        poll.register(pidfd, select.POLLIN)
    for pidfd, _ in poll.poll(_LOOK * 1000):
        del workers[pidfd]
        unsignalled.pop(pidfd, None)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:  # gone in between
        pass
