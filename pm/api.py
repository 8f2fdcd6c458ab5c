"""What the CLI asks of the daemon: each request with its answer (`answers`), and the envelope.

One ZeroMQ message each way, one JSON object each. A request names its protocol version; the
daemon refuses another version before it looks at the body. Progress of long requests and all
events go out on the PUB socket: two frames, topic and JSON (`Event`). Topics: `event.APP`,
and `progress.ID` for the request with that id.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from .answers import Apps as Apps
from .answers import Detail as Detail
from .answers import Details as Details
from .answers import Outcome as Outcome
from .answers import Pong as Pong
from .answers import Report as Report
from .answers import Saved as Saved
from .answers import Triggered as Triggered
from .answers import Triggering as Triggering
from .changes import Need
from .errors import ErrorBody as ErrorBody
from .model import AppSpec
from .record import dataclass, field

R = TypeVar("R")


class Request(Generic[R]):
    """A question whose answer is an `R`."""

    name: ClassVar[str]
    answer: ClassVar[type]


@dataclass(frozen=True)
class Envelope:
    """A request on the wire."""

    protocol: int
    id: str
    name: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer on the wire: `body` or `error`, never both."""

    protocol: int
    id: str
    body: dict[str, Any] | None = None
    error: ErrorBody | None = None


@dataclass(frozen=True)
class Ping(Request[Pong]):
    """Ask who is there."""

    name = "ping"
    answer = Pong


@dataclass(frozen=True)
class List(Request[Apps]):
    """Show apps; no selector means all."""

    name = "list"
    answer = Apps
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Describe(Request[Details]):
    """Show everything known of the selected apps."""

    name = "describe"
    answer = Details
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start(Request[Report]):
    """Start new apps; one whose name is taken is refused unless `force`, which replaces it."""

    name = "start"
    answer = Report
    specs: tuple[AppSpec, ...] = ()
    force: bool = False


@dataclass(frozen=True)
class Resume(Request[Report]):
    """Start again what is stopped or errored, as `pm start NAME` does; restarts nothing online."""

    name = "resume"
    answer = Report
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop(Request[Report]):
    """Stop and keep in the list; with `watch`, watch no longer until that is turned on again."""

    name = "stop"
    answer = Report
    selectors: tuple[str, ...] = ()
    watch: bool = False


@dataclass(frozen=True)
class Restart(Request[Report]):
    """Stop, then start; `env` (a caller's, whole) takes the last one's place (--update-env).

    What was set for the app itself (`AppSpec.env_set`) stays. `watch` turns watching on or off.
    """

    name = "restart"
    answer = Report
    selectors: tuple[str, ...] = ()
    env: dict[str, str] | None = None
    watch: bool = False


@dataclass(frozen=True)
class Reload(Request[Report]):
    """Replace all workers one by one without a gap; the old code stays if the new fails."""

    name = "reload"
    answer = Report
    selectors: tuple[str, ...] = ()
    env: dict[str, str] | None = None


@dataclass(frozen=True)
class Change(Request[Report]):
    """Let apps of the list be as these specs say, each by no more than its difference needs.

    The stored spec stays the old one where the new one is refused.
    """

    name = "change"
    answer = Report
    specs: tuple[AppSpec, ...] = ()
    least: Need = Need.NOTHING
    """Done also to what has not changed: RELOAD for new code, RESTART to stop first."""


@dataclass(frozen=True)
class Delete(Request[Report]):
    """Stop and forget."""

    name = "delete"
    answer = Report
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scale(Request[Report]):
    """Change the number of workers: `count` is "4", "+2" or "-1"."""

    name = "scale"
    answer = Report
    selector: str = ""
    count: str = ""


@dataclass(frozen=True)
class SendSignal(Request[Report]):
    """Send a signal ("SIGUSR1", "USR1", "10") to the selected workers."""

    name = "send-signal"
    answer = Report
    selectors: tuple[str, ...] = ()
    signal: str = ""


@dataclass(frozen=True)
class SendMessage(Request[Report]):
    """Send a message (any JSON) to the selected workers that listen (`pm.on_message`)."""

    name = "send-message"
    answer = Report
    selectors: tuple[str, ...] = ()
    message: Any = None


@dataclass(frozen=True)
class Trigger(Request[Triggered]):
    """Call an action (`pm.action`) in the selected workers, with JSON for it."""

    name = "trigger"
    answer = Triggered
    selectors: tuple[str, ...] = ()
    action: str = ""
    message: Any = None
    timeout: float = 10.0
    """Seconds that each worker has to answer."""


@dataclass(frozen=True)
class Reset(Request[Report]):
    """Set the restart counters to zero."""

    name = "reset"
    answer = Report
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flush(Request[Report]):
    """Empty the log files; no selector means all."""

    name = "flush"
    answer = Report
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Save(Request[Saved]):
    """Write the list of apps to `$PM_HOME/dump.json`."""

    name = "save"
    answer = Saved
    force: bool = False


@dataclass(frozen=True)
class Resurrect(Request[Report]):
    """Start the saved apps that are not in the list."""

    name = "resurrect"
    answer = Report


@dataclass(frozen=True)
class Kill(Request[Report]):
    """Stop all apps, then the daemon; wanted state is kept for the next daemon's `resurrect`."""

    name = "kill"
    answer = Report


REQUESTS: dict[str, type[Request[Any]]] = {
    kind.name: kind
    for kind in (
        Ping, List, Describe, Start, Resume, Stop, Restart, Reload, Change, Delete, Scale,
        SendSignal, SendMessage, Trigger, Reset, Flush, Save, Resurrect, Kill,
    )
}  # fmt: skip
"""Every request by its name; handlers and docs/protocol.md cover exactly these."""
