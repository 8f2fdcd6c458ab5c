"""What the values of a spec may be. Pure."""

from __future__ import annotations

import math
import re

from .address import address_of
from .errors import ConfigError

_NAME = re.compile(r"[^\x00-\x1f/\x7f]{1,100}\Z")

SIGNALS = frozenset({
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
    "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGCHLD", "SIGCONT",
    "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM",
    "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS", "SIGRTMIN", "SIGRTMAX",
})  # fmt: skip
"""Names that every Python from 3.9 knows on Linux; `signal` itself is not for pure modules."""

CHECKED = ("name", "script", "stop_signal", "listen", "instance_var", "increment_var")
"""Keys with a rule of their own."""
_SECONDS = (0, 1e6, " seconds")
_COUNT = (0, math.inf, "")
RANGES = {
    "instances": _COUNT,
    "listen_timeout": _SECONDS,
    "kill_timeout": _SECONDS,
    "min_uptime": _SECONDS,
    "restart_delay": _SECONDS,
    "max_restarts": _COUNT,
    "max_memory_restart": _COUNT,
    "log_max_size": _COUNT,
    "log_keep": _COUNT,
    "max_surge": _COUNT,
    "queue_depth": (1, math.inf, ""),
    "umask": (0, 0o1000, ""),
    "watch_delay": _SECONDS,
    "watch_polling": _SECONDS,
}
"""Least value, end and unit of each number."""


def check(key: str, value: object) -> None:
    """Refuse, with ConfigError, a value of its field's type that cannot work."""
    if key == "name" and (not _NAME.match(str(value)) or value in (".", "..", "all")):
        raise ConfigError(
            f"name: {value!r} cannot name an app",
            "use 1 to 100 characters without `/` and control characters, and not `all`",
        )
    if key in ("script", "module") and not value:
        raise ConfigError(f"{key}: missing", "give the file, module or command to run")
    if key in ("instance_var", "increment_var") and "=" in str(value):
        raise ConfigError(f"{key}: {value!r} cannot name a variable")
    if key == "stop_signal" and value not in SIGNALS:
        raise ConfigError(f"stop_signal: {value!r} is no signal", "for example SIGTERM or SIGINT")
    if key == "listen" and isinstance(value, tuple):
        for text in value:
            address_of(text)
    if key in RANGES and isinstance(value, (int, float)):
        least, end, unit = RANGES[key]
        if not least <= value < end:
            most = f"{least} to {end - 1:.0f}{unit}" if end < math.inf else f"{least} up"
            raise ConfigError(f"{key}: {value} is not from {most}")
