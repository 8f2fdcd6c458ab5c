"""A worker as the program that forked it sees it: Node's `cluster.Worker`."""

from __future__ import annotations

import signal
from typing import IO, Protocol

from ..master import process
from ..master.workers.restart import Exit
from .events import Emitter


class Owner(Protocol):
    """Who performs what is asked of a worker."""

    def disconnect(self, worker: Worker) -> None:
        """Let a worker finish and end."""

    def send(self, worker: Worker, message: object) -> bool:
        """Send a message to a worker."""


class Process:
    """The process of a worker."""

    def __init__(self) -> None:
        self.pid = 0
        self.exit_code: int | None = None
        """None while it runs, and if a signal has ended it."""
        self.signal_code: str | None = None
        """The signal that has ended it."""
        self.ended = False
        self.stdout: IO[bytes] | None = None
        """What a silent worker prints, as a file to be read; None for any other."""
        self.stderr: IO[bytes] | None = None

    def finished(self, how: Exit | None) -> None:
        """Take note of its end; None: it was never there."""
        self.ended = True
        if how is not None:
            self.exit_code, self.signal_code = how.code, how.signal or None

    def kill(self, sig: str | int = "SIGTERM") -> None:
        """Send a signal, by name or number, to a process that still runs.

        Raises ValueError for a signal that there is not.
        """
        number = getattr(signal, sig, None) if isinstance(sig, str) else sig
        if not isinstance(number, int):
            raise ValueError(f"there is no signal {sig!r}")
        if self.pid and not self.ended:
            process.send(self.pid, number)


class Worker(Emitter):
    """One worker; also known by its id in `cluster.workers`."""

    def __init__(self, owner: Owner | None = None, id: int = 0) -> None:
        super().__init__()
        self._owner = owner
        self.id = id
        """Counted from 1, never used again."""
        self.process = Process()
        self.state = "none"
        """`none`, `online`, `listening`, `disconnected` or `dead`."""
        self.exited_after_disconnect: bool | None = None
        """True if its end was asked for, False if not; None as long as that is open."""

        self.connected = False
        self.successor: Worker | None = None
        """Who takes its place in a reload; of a new one that fails, the old."""

    def started(
        self, number: int, pid: int, out: IO[bytes] | None, error: IO[bytes] | None
    ) -> None:
        """Take note of its process."""
        self.id, self.connected = number, True
        self.process.pid, self.process.stdout, self.process.stderr = pid, out, error

    def __repr__(self) -> str:
        return f"<Worker {self.id} pid {self.process.pid} {self.state}>"

    def disconnect(self) -> Worker:
        """Let the worker finish what it has, and end; nothing new reaches it. Returns it."""
        if self._owner is not None:
            self._owner.disconnect(self)
        return self

    def send(self, message: object) -> bool:
        """Send a message, JSON of at most 1 MiB; returns False if the worker is not there.

        Raises TypeError for what is not JSON, MessageTooLarge, and MailboxFull if 64 MiB wait
        for the worker already.
        """
        return self._owner is not None and self._owner.send(self, message)

    def kill(self, sig: str | int = "SIGTERM") -> None:
        """Send a signal to its process; nothing is drained before."""
        self.process.kill(sig)

    destroy = kill

    def is_connected(self) -> bool:
        """True while its link to this program is open."""
        return self.connected

    def is_dead(self) -> bool:
        """True once its process has ended."""
        return self.process.ended
