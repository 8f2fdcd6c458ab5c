"""Values as people type them: "10s", "500ms", "10M", signals, log files."""

from __future__ import annotations

import functools
import os
import re
import shlex
import sys

from pm.dependency import Condition, Dependency
from pm.errors import ConfigError, UsageError
from pm.model import LogType, Scheduling

STAMP = "YYYY-MM-DDTHH:mm:ss"
"""PM2's format of `time` and `--time`."""
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def seconds(text: str) -> float:
    """Return a duration in seconds; raises UsageError."""
    number, unit = _parts(text)
    if number is None or unit not in _SECONDS:
        raise UsageError(f"{text!r} is not a duration", "such as 10 (seconds), 500ms, 2m or 1h")
    if not unit:
        doubt(number)
    return number * _SECONDS[unit]


@functools.cache  # a line may be read twice
def doubt(number: float) -> None:
    """Warn of a number of seconds that PM2's users mean as milliseconds."""
    if number >= 1000:
        text = f"{number:g} seconds? PM2's milliseconds are written {number:g}ms"
        print(f"warning: {text}", file=sys.stderr)


def words(text: str) -> tuple[str, ...]:
    """Split as a shell does; raises UsageError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}") from None


def signal_of(text: str) -> str:
    """Return "SIGUSR1" for "SIGUSR1", "usr1" or "10"; raises UsageError."""
    import signal

    from pm.codec import suggest

    known = {member.name.removeprefix("SIG"): member for member in signal.Signals}
    number = int(text) if text.isascii() and text.isdigit() else 0
    name = text.upper().removeprefix("SIG")
    if number in list(known.values()):
        return signal.Signals(number).name
    if f"SIG{name}" in signal.Signals.__members__:
        return signal.Signals[f"SIG{name}"].name
    near = suggest(name, known).replace("`", "`SIG", 1)
    raise UsageError(f"{text!r} is no signal", near or "such as SIGTERM, TERM or 15")


def cron_of(key: str, text: str) -> str:
    """Return a schedule that is one, nothing for "0" (PM2's word for none); raises ConfigError."""
    if text.strip() in ("", "0"):
        return ""
    from datetime import datetime

    from cronsim import CronSim, CronSimError

    from pm.upkeep import fields_of_schedule, no_schedule

    try:
        CronSim(fields_of_schedule(text), datetime(2000, 1, 1))
    except CronSimError as error:
        raise no_schedule(key, text, error) from None
    return text


def timezone_of(text: str) -> str:
    """Return the name of a time zone that is known here; raises ConfigError."""
    from zoneinfo import ZoneInfo

    from pm.upkeep import no_timezone

    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise no_timezone(text) from None
    return text


def scheduling_of(text: str) -> Scheduling:
    """Return the policy of that name; raises UsageError."""
    from pm.codec import from_plain

    try:
        return from_plain(Scheduling, text, "scheduling")
    except ConfigError as error:
        raise UsageError(error.message, error.hint) from None


def log_type_of(text: str) -> LogType:
    """Return the log type of that name; raises UsageError."""
    from pm.codec import from_plain

    try:
        return from_plain(LogType, text, "log_type")
    except ConfigError as error:
        raise UsageError(error.message, error.hint) from None


def whole(text: str) -> int:
    """Return a whole number from 0 up; raises UsageError."""
    if not text.isdecimal():
        raise UsageError(f"{text!r} is not a whole number")
    return int(text)


def size_of(text: str) -> int:
    """Return a size in bytes; raises UsageError."""
    number, unit = _parts(text)
    unit = unit[:1] if unit in ("kb", "mb", "gb") else unit
    if number is None or unit not in _BYTES:
        raise UsageError(f"{text!r} is not a size", "such as 5000 (bytes), 100K, 10M or 1.5G")
    return int(number * _BYTES[unit])


def variable(text: str) -> tuple[str, str]:
    """Return name and value of "NAME=value"; raises UsageError."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"--env {text}: not NAME=value", "as in `--env PORT=8000`")
    return name, value


def dependency(text: str) -> Dependency:
    """Return what "db" or "migrate:completed" asks for."""
    app, _, condition = text.rpartition(":")
    if app and condition in list(Condition):
        return Dependency(app, Condition(condition))
    return Dependency(text)


def log_path(text: str, folder: str) -> str:
    """Return a log file's absolute path; `NULL` is PM2's word for /dev/null.

    Raises UsageError for a folder.
    """
    if text in ("NULL", "/dev/null"):
        return "/dev/null"
    path = os.path.normpath(os.path.join(folder, os.path.expanduser(text)))
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder", "name a file in it")
    return path


def _parts(text: str) -> tuple[float | None, str]:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    return (float(match[1]), match[2]) if match else (None, "")
