"""What is asked (`AppSpec`) and what is shown (the views): frozen, the same in every process."""

from __future__ import annotations

import enum
from typing import Any

from .bounds import CHECKED, RANGES, check
from .bounds import SIGNALS as SIGNALS
from .dependency import Dependency
from .errors import ConfigError
from .record import dataclass, field
from .upkeep import CronView, WatchView

PROTOCOL = 2
"""Version of the wire formats (`api`, `control`), apart from the package's own."""


class State(str, enum.Enum):
    """States of workers and apps, by PM2's names, plus `draining`."""

    LAUNCHING = "launching"
    ONLINE = "online"
    DRAINING = "draining"
    STOPPING = "stopping"
    STOPPED = "stopped"
    WAITING = "waiting restart"
    ERRORED = "errored"
    SCHEDULED = "scheduled"
    """A job between two runs."""


class Target(str, enum.Enum):
    """How the app is run: a Python file or module (`-m`), a web application, or any command."""

    SCRIPT = "script"
    MODULE = "module"
    APP = "app"
    """`module:attribute`, an ASGI or WSGI application, run by a server of its environment."""
    COMMAND = "command"


class Mode(str, enum.Enum):
    """`cluster`: forked from a template and in the rotation; `fork`: plain fork and exec."""

    CLUSTER = "cluster"
    FORK = "fork"


class Scheduling(str, enum.Enum):
    """Which worker gets the next connection."""

    ROUND_ROBIN = "round-robin"
    """Each in turn."""
    LEAST_CONNECTIONS = "least-connections"
    """Who has the fewest open."""
    SOURCE_HASH = "source-hash"
    """The same client address, the same slot."""
    SHARED = "shared"
    """Who is quickest: all workers accept from one listener (Node's SCHED_NONE)."""


class LogType(str, enum.Enum):
    """How lines stand in the log files."""

    TEXT = "text"
    """As they came."""
    JSON = "json"
    """Each as an object, with its time, stream and worker."""


@dataclass(frozen=True)
class AppSpec:
    """Everything asked of one app. Times are in seconds, sizes in bytes, paths absolute."""

    name: str
    script: str
    """Path of the file or program, the module's name, or `module:attribute`."""
    cwd: str
    target: Target = Target.SCRIPT
    args: tuple[str, ...] = ()
    interpreter: str = ""
    """Python that runs script or module; empty for a command."""
    interpreter_args: tuple[str, ...] = ()
    exec_mode: Mode = Mode.CLUSTER
    instances: int = 1
    namespace: str = "default"
    source: str = ""
    """Ecosystem file that it came from last; `pm apply --prune` removes only the file's own."""
    env: dict[str, str] = field(default_factory=dict)
    """The whole environment of the app: the caller's, then the file's and the options'."""
    env_set: tuple[str, ...] = ()
    """Variables set by the file or the options: a later caller's environment leaves them alone."""
    filter_env: tuple[str, ...] = ()
    """Parts of names of variables that are not taken from a caller; an empty one is in all."""
    umask: int = 0o022
    user: str = ""
    """Name or number of the user that runs the app; empty is pm's own. Only root may choose."""
    group: str = ""
    """Name or number of its group; empty is the user's own."""
    preload: tuple[str, ...] = ()
    wait_ready: bool = False
    listen_timeout: float = 30.0
    """How long a worker may take to become ready; 0: as long as it likes."""
    kill_timeout: float = 10.0
    stop_signal: str = "SIGTERM"
    autostart: bool = True
    """Start it when it comes into the list; else it waits there, stopped."""
    autorestart: bool = True
    max_restarts: int = 16
    min_uptime: float = 1.0
    restart_delay: float = 0.0
    max_memory_restart: int = 0
    """Bytes that a worker and its descendants may use until it is replaced; 0: any number."""
    stop_exit_codes: tuple[int, ...] = ()
    out_file: str = ""
    """Log files: empty is `$PM_HOME/logs/NAME-out.log`; `/dev/null` drops the lines."""
    error_file: str = ""
    log_file: str = ""
    """Both streams in one more file, if given."""
    log_date_format: str = ""
    """Put before each line, as dayjs writes dates; empty: nothing is."""
    log_type: LogType = LogType.TEXT
    log_max_size: int = 10_000_000
    log_keep: int = 10
    log_compress: bool = True
    instance_var: str = ""
    increment_var: str = ""
    """A variable of `env`, a whole number, that each slot has one higher than the slot before."""
    shutdown_with_message: bool = False
    """A worker that listens for messages gets "shutdown" in the place of the stop signal."""
    listen: tuple[str, ...] = ()
    """Addresses on which pm listens for a program that is given the sockets (LISTEN_FDS)."""
    ports: tuple[int, ...] = ()
    """Privileged ports that the master binds for an app that runs as somebody else than root."""
    exclusive_ports: tuple[int, ...] = ()
    keepalive_handover: bool = True
    queue_depth: int = 64
    scheduling: Scheduling = Scheduling.ROUND_ROBIN
    max_surge: int = 0
    depends_on: tuple[Dependency, ...] = ()
    """Apps that it waits for before it starts."""
    watch: tuple[str, ...] = ()
    """Files and folders whose changes mean a reload."""
    ignore_watch: tuple[str, ...] = ()
    """Patterns of what is not watched, beside the usual ones; `!` takes one back."""
    watch_delay: float = 0.2
    watch_polling: float = 0.0
    """Between two looks at every file, where the kernel tells of no changes (network drives)."""
    unwatched: bool = False
    """True after `pm stop --watch`: `watch` is kept, and means nothing."""
    cron_restart: str = ""
    """When to reload: five fields as in crontab, or six, seconds first."""
    cron: str = ""
    """When to start: the app is a job then, not restarted when it ends."""
    timezone: str = ""
    """Of these times; empty: the daemon's."""

    @property
    def ends(self) -> bool:
        """True for a job: when it has ended, its end is no reason to start it again."""
        return bool(self.cron) or not self.autorestart

    def __post_init__(self) -> None:
        """Refuse what cannot work, with ConfigError."""
        for name in (*CHECKED, *RANGES):
            check(name, getattr(self, name))
        first = self.env.get(self.increment_var, "0")
        if self.increment_var and not first.removeprefix("-").isdecimal():
            raise ConfigError(f"increment_var: {self.increment_var} is {first!r}, no whole number")
        if self.listen and self.exec_mode is not Mode.FORK:
            raise ConfigError(
                "listen: a Python server in a cluster listens by itself",
                "leave it out, or set exec_mode = fork for a program that knows LISTEN_FDS",
            )
        if self.cron and self.cron_restart:
            raise ConfigError(
                "cron and cron_restart: an app is either started or reloaded by the clock",
                "leave one of them out",
            )


@dataclass(frozen=True)
class WorkerView:
    """One slot as it is now. Times are seconds since the epoch, 0 where there is none."""

    slot: int
    id: int = -1
    """PM2's pm_id: one number per slot, given by the daemon; -1 until then."""
    state: State = State.STOPPED
    pid: int = 0
    generation: int = 0
    started_at: float = 0.0
    restarts: int = 0
    unstable: int = 0
    exit_code: int | None = None
    exit_signal: str = ""
    reason: str = ""
    """Why it is in this state, in words."""
    over: bool = False
    """It has ended by itself, and is not started again without a word."""
    connections: int = 0
    """Connections that this slot has got since the master started."""
    open: int = 0
    """Those of them that are open now."""
    cpu: float = 0.0
    """Per cent of one core since the last look, descendants included."""
    memory: int = 0


class Served(str, enum.Enum):
    """How connections reach workers that accept by themselves; else it is a `Scheduling`."""

    REUSEPORT = "reuseport"
    """The kernel chooses among the workers' sockets of one port (SO_REUSEPORT)."""
    OWN = "own"
    """One worker has the port to itself."""


@dataclass(frozen=True)
class ListenerView:
    """A listening address of an app, and how its connections reach the workers."""

    address: str
    port: int
    family: str
    """`ipv4`, `ipv6`, `udp4`, `udp6`; `unix`: a path, or `@` and an abstract name, and port 0."""
    served: str = Scheduling.ROUND_ROBIN.value
    """A `Scheduling`, or a `Served`."""

    @property
    def text(self) -> str:
        """Return "127.0.0.1:8000", "[::1]:8000", "udp:127.0.0.1:53" or "unix:/run/app.sock"."""
        if self.family == "unix":
            return f"unix:{self.address}"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'udp:' if self.family.startswith('udp') else ''}{host}:{self.port}"


@dataclass(frozen=True)
class ActionResult:
    """What one process answers to `pm trigger`: a value (any JSON), or why there is none."""

    slot: int
    pid: int
    value: Any = None
    error: str = ""


@dataclass(frozen=True)
class AppView:
    """One app as `list` and `describe` show it."""

    name: str
    namespace: str
    exec_mode: Mode
    state: State
    wanted: State
    """ONLINE or STOPPED: what the user asked for."""
    workers: tuple[WorkerView, ...]
    script: str
    created_at: float
    """Seconds since the epoch."""
    generation: int = 0
    master_pid: int = 0
    reason: str = ""
    listeners: tuple[ListenerView, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks for `describe`: a module that started threads during preload, and the like."""
    out_file: str = ""
    error_file: str = ""
    log_file: str = ""
    waits_for: tuple[str, ...] = ()
    """Apps that it depends on and that are not yet as it needs them."""
    watch: WatchView | None = None
    cron: CronView | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to an app, with its reason; kept in the store, published."""

    at: float
    app: str
    kind: str
    """What it is: `start online exit restart reload stop errored delete listening waiting note`,
    `message`; `watch` and `cron` for the reasons why pm itself acts.

    The reason of a `message` is JSON, as a worker has sent it to its master.
    """
    reason: str = ""
    slot: int | None = None
    pid: int = 0
