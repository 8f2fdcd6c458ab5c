"""What the master knows of one worker process."""

from __future__ import annotations

import _socket
import mmap
import os
import time
from typing import Protocol

from ...model import AppSpec, ListenerView, State
from ...record import dataclass, field
from ...worker import board
from .. import process
from ..loop import Timer, now
from ..messages.mailbox import Shelf
from ..output.pipes import Pipes
from .life import Life
from .restart import Exit

BLIND_GRACE = 1.0
"""Seconds that connections of which nothing can be seen are given to come to rest."""


class Load(Protocol):
    """What a worker was made from: a generation of an app, or a program that forks its own."""

    @property
    def spec(self) -> AppSpec:
        """The spec as it was loaded."""

    @property
    def number(self) -> int:
        """The generation."""

    @property
    def pid(self) -> int:
        """The process that makes its workers, 0 if there is none."""

    def fork(self, launch: int, order: dict[str, object], fds: list[int]) -> None:
        """Make a worker; the fds are sent and closed here."""

    def kill(self) -> None:
        """Kill what hangs while it should make workers."""


@dataclass(eq=False)
class Worker:
    """One process in a slot, from its launch to its end. The slot may hold two for a while."""

    launch: int
    """A number of its own: pids come later and are used again."""
    slot: int
    generation: Load
    life: Life
    pid: int = 0
    link: _socket.socket | None = None
    drain: int = -1
    """Write end: one byte in it is the drain signal."""
    pages: dict[int, mmap.mmap] = field(default_factory=dict)
    """Boards by pid: the worker's own and its forked children's."""
    notices: mmap.mmap | None = None
    """Its first board, where the master's notices stand also for its children."""
    shelf: Shelf = field(default_factory=Shelf)
    """Its mail."""
    pipes: Pipes | None = None
    launched: float = field(default_factory=now)
    started_at: float = field(default_factory=time.time)
    ready_at: float | None = None
    listened: dict[str, float] = field(default_factory=dict)
    """Keys it listens on, and since when."""
    accepted: set[str] = field(default_factory=set)
    own_ports: tuple[ListenerView, ...] = ()
    """Where it listens by itself, past the hand-off."""
    said_ready: bool = False
    joined: bool = False
    """It has started a child that joins it (multiprocessing, a reloader)."""
    asked: bool = False
    """True once its end has been asked for: its exit is no crash."""
    reason: str = ""
    """Why it was asked to end, or how it failed."""
    ended: Exit | None = None
    timer: Timer | None = None
    look: Timer | None = None
    cpu: tuple[float, float] = (0, 0.0)
    """Seconds awake at the last look, and since when they have not changed."""
    drained_at: float = 0.0
    moving: tuple[int, float] = (0, 0.0)
    """Draining: how many idle connections are left, and since when."""
    mode: int = board.FINISH
    refused: tuple[str, int, int] | None = None
    """The last bind that failed: host, port, errno."""
    timed_out: bool = False
    """It did not become ready in time."""

    @property
    def state(self) -> State:
        """Its state, as shown."""
        return self.life.state

    @property
    def key(self) -> int:
        """Its name in the rotations."""
        return self.launch

    def set_mode(self, mode: int) -> None:
        """Write the mode on every board."""
        for page in self.pages.values():
            page[0] = mode

    def attach_page(self, pid: int, fd: int) -> None:
        """Follow a board of a forked child; a negative pid is one that is not forked yet.

        Raises OSError or ValueError if `fd` is no board.
        """
        page = board.attach(fd)
        for other in list(self.pages):
            if other == pid or (other > 0 and other != self.pid and not _lives(other)):
                del self.pages[other]  # which closes it, unless it is `notices` as well
        if self.asked:
            page[0] = self.mode
        self.pages[pid] = page

    def states(self) -> list[int]:
        """Return the states of its open connections, of one moment.

        Questions about them are asked of one such list: between two looks an idle one may become
        busy, and would be neither.
        """
        found = []
        for pid, page in self.pages.items():
            used = page[: board.SIZE].rstrip(b"\0")
            found += [used[fd] for fd in range(1, len(used)) if used[fd] and _open(pid, fd)]
        return found

    def is_busy_elsewhere(self) -> bool:
        """True while something is under way that no connection's byte shows."""
        return any(
            board.is_busy_elsewhere(page)
            for pid, page in self.pages.items()
            if pid <= 0 or _lives(pid)
        )

    def used(self) -> float | None:
        """Return the CPU seconds of its processes if one runs or waits for a core, else None.

        A child that accepts for it may have no board yet.
        """
        return process.cpu_if_runnable({*self.pages, *process.family_of(self.pid)})

    def open_connections(self) -> int:
        """Return how many connections are open, by the boards of its living processes."""
        return sum(
            board.count(page)
            for pid, page in self.pages.items()
            if pid in (0, self.pid) or (pid > 0 and _lives(pid))
        )

    def close(self) -> None:
        """Release what the master holds for it."""
        for page in self.pages.values():
            page.close()
        self.pages.clear()
        if self.notices is not None:
            self.notices.close()
        for timer in (self.timer, self.look):
            if timer is not None:
                timer.cancel()


def _lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def _open(pid: int, fd: int) -> bool:
    """True if that fd is still open there: a socket may vanish without a word."""
    if pid <= 0:
        return True
    try:
        os.lstat(f"/proc/{pid}/fd/{fd}")
    except PermissionError:  # another user's, and we may not look: no CAP_SYS_PTRACE in a container
        return True
    except OSError:
        return False
    return True


BLIND = frozenset({board.BLIND})
