"""What daemon and master say to each other over the master's control socket.

JSON lines over a unix stream socket (`wire.Channel`), file descriptors beside the line that
counts them. The daemon sends `Command`s and gets one `Done` for each, in whatever order they
finish; the master sends `Status` at every change, without being asked, and `Happened`. What a
worker has for another app is a `Forward`, answered by `Forwarded`.
"""

from __future__ import annotations

from typing import Any, Literal

from .errors import ErrorBody
from .model import ActionResult, AppSpec, Event, ListenerView, WorkerView
from .record import dataclass


@dataclass(frozen=True)
class Bootstrap:
    """The one message a master reads from its standard input before anything else."""

    protocol: int
    spec: AppSpec
    home: str
    """PM_HOME as an absolute path."""
    nonce: str
    slots: tuple[int, ...]
    """Slots wanted online from the start."""
    generation: int = 1
    listener_keys: tuple[str, ...] = ()
    """Keys of the listeners whose fds follow the control socket (a dead master's, kept)."""
    known_to_listen: bool = False
    """True if this app is known to listen: not ready before it has accepted."""


Op = Literal[
    "hello", "want", "restart", "reload", "stop", "signal", "reset", "flush", "count", "listeners",
    "message", "trigger",
]  # fmt: skip


@dataclass(frozen=True)
class Command:
    """Daemon to master.

    hello: who are you? (nonce must match) | want: run exactly `slots` | restart, reload:
    `slots` (all if None), with `spec` if given | stop: stop all, release ports, answer, exit |
    want and restart with `complete`: done when a job (autorestart off) has ended |
    signal: `signal` to `slots` | reset: counters to zero | flush: empty the logs |
    count: send a status with the connections of this moment |
    listeners: send dups of all listeners again |
    message: send `message` to the workers of `slots` (all if None) that listen |
    trigger: call `action` with `message` in them, and answer with `Results` as text.
    """

    id: int
    op: Op
    nonce: str = ""
    slots: tuple[int, ...] | None = None
    spec: AppSpec | None = None
    signal: str = ""
    message: Any = None
    action: str = ""
    timeout: float = 10.0
    complete: bool = False


@dataclass(frozen=True)
class Results:
    """What an action came to, in `Done.text`: one result for each process that has it."""

    results: tuple[ActionResult, ...]


@dataclass(frozen=True)
class Done:
    """Master to daemon: a command has finished."""

    id: int
    error: ErrorBody | None = None
    text: str = ""
    """What was done, where there is something to say ("online, no port")."""


@dataclass(frozen=True)
class Status:
    """Master to daemon: everything as it is now."""

    pid: int
    nonce: str
    generation: int
    workers: tuple[WorkerView, ...]
    listeners: tuple[ListenerView, ...]
    notes: tuple[str, ...] = ()
    known_to_listen: bool = False
    spec: AppSpec | None = None
    """What this master runs: in the answer to `hello`, and when it has changed."""


@dataclass(frozen=True)
class Happened:
    """Master to daemon: an event for the record, with its reason; `request` for progress."""

    event: Event
    request: int = 0
    """Id of the command under way that this is progress of, or 0."""


@dataclass(frozen=True)
class Forward:
    """Master to daemon: a worker's message to the workers of another app."""

    id: int
    app: str
    message: Any


@dataclass(frozen=True)
class Forwarded:
    """Daemon to master: what has become of a `Forward`."""

    id: int
    error: str = ""
    """Why nobody has it; empty if a worker has taken it."""


@dataclass(frozen=True)
class Keep:
    """Master to daemon, with one fd a key: dups of the listeners to keep while I live."""

    keys: tuple[str, ...]


MESSAGES: dict[str, type] = {
    "command": Command, "done": Done, "status": Status, "happened": Happened, "keep": Keep,
    "forward": Forward, "forwarded": Forwarded,
}  # fmt: skip
"""Each line on the socket is {"kind": KEY, "fds": N, "body": {...}}."""
