"""Kinds of values in ecosystem files: how each is read, named, and described to an editor.

A reader takes what the file has and the place it is read in; it returns the value or raises
PmError, whose text the caller puts behind the key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from cli.values import (
    cron_of,
    doubt,
    log_path,
    seconds,
    signal_of,
    size_of,
    timezone_of,
    words,
)
from pm.codec import suggest
from pm.errors import ConfigError, UsageError

from .place import Place, expanded, filled


class Kind(NamedTuple):
    """One kind of value."""

    name: str
    """As messages and docs call it."""
    read: Callable[[object, Place], object]
    schema: dict[str, Any]
    """JSON Schema of what a file may have."""
    shown: Callable[[Any], str] = str
    """A default, as people read it."""
    note: str = ""
    """How it is written, where that is not plain."""


_SHOWN = 80
"""Characters of a wrong value."""


def _wrong(value: object, kind: str, hint: str = "") -> ConfigError:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return ConfigError(f"{shown} is not {kind}", hint)


def _text(value: object, place: Place) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "text")
    return expanded(value, place)


def _flag(value: object, place: Place) -> bool:
    value = filled(value, place)
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _whole(value: object, place: Place) -> int:
    value = filled(value, place)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(value, "a whole number")
    return value


def _port(value: object, place: Place) -> int:
    number = _whole(value, place)
    if not 0 <= number <= _LAST_PORT:
        raise _wrong(value, "a port", f"0 to {_LAST_PORT}")
    return number


def _ports(value: object, place: Place) -> tuple[int, ...]:
    return tuple(_port(number, place) for number in _numbers(value, place))


_LAST_PORT = 65535


def _words(value: object, place: Place) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(expanded(word, place) for word in words(value))
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "a list of words")
    return tuple(_word(item, place) for item in value)


def _word(item: object, place: Place) -> str:
    if isinstance(item, bool) or not isinstance(item, (str, int, float)):
        raise _wrong(item, "a word")
    return expanded(str(item), place)


def _numbers(value: object, place: Place) -> tuple[int, ...]:
    items = value if isinstance(value, (list, tuple)) else (value,)
    try:
        return tuple(_whole(item, place) for item in items)
    except ConfigError:
        raise _wrong(value, "a whole number or a list of them") from None


def _duration(value: object, place: Place) -> float:
    value = filled(value, place)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(value, "a duration", 'such as 10, "500ms" or "2m"')
    if isinstance(value, str) and not value.strip().isdecimal():
        return seconds(value)
    if isinstance(value, int) and abs(value) > _MOST:
        raise _wrong(value, "a duration")
    number = float(value)
    if place.dialect.pm2:
        return number / 1000
    doubt(number)
    return number


_MOST = 10**12
"""Of a number of seconds or milliseconds; Python's own may have any length."""


def _size(value: object, place: Place) -> int:
    value = filled(value, place)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _wrong(value, "a size", 'such as 5000 (bytes), "100K" or "1.5G"')
    return size_of(value)


def _count(value: object, place: Place) -> str:
    value = filled(value, place)
    if isinstance(value, bool) or not (
        isinstance(value, int) or value == "max" or re.fullmatch(r"-?\d+", str(value))
    ):
        raise _wrong(value, "a whole number or 'max'")
    return str(value)


def _signal(value: object, place: Place) -> str:
    return signal_of(str(value) if isinstance(value, int) else _text(value, place))


def _mode(value: object, place: Place) -> str:
    text = _text(value, place).removesuffix("_mode")
    if text not in ("cluster", "fork"):
        raise _wrong(value, "cluster or fork", suggest(text, ("cluster", "fork")))
    return text


def _folder(value: object, place: Place) -> str:
    text = os.path.expanduser(_text(value, place))
    path = os.path.normpath(os.path.join(place.folder, text))
    if not os.path.isdir(path):
        raise UsageError(f"{path} is no folder")
    return text


def _log(value: object, place: Place) -> str:
    return log_path(_text(value, place), place.folder)


def _both_log(value: object, place: Place) -> str | bool:
    """Read a file; true stands for one with the app's name, beside the others."""
    value = filled(value, place)
    return value if isinstance(value, bool) else _log(value, place)


def variables_of(value: object, place: Place) -> dict[str, str]:
    """Return a table of variables; raises ConfigError with a line for each that is wrong."""
    if not isinstance(value, dict):
        raise _wrong(value, "a table")
    unset = place.dialect.pm2  # null: what a program for node did not find
    found: dict[str, str] = {}
    faults: list[str] = []
    for name, item in value.items():
        try:
            if not (unset and item is None):
                found[_named(str(name))] = _variable(str(name), item, place)
        except ConfigError as error:
            faults.append("; ".join(filter(None, (error.message, error.hint))))
    if faults:
        raise ConfigError(faults[0], "", faults)
    return found


def _filters(value: object, place: Place) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("",) if value else ()
    return _words(value, place)


def _named(name: str) -> str:
    if not name or "=" in name or not name.isprintable():
        raise ConfigError(f"{name!r} cannot name a variable")
    return name


def _variable(name: str, item: object, place: Place) -> str:
    if place.dialect.pm2 and isinstance(item, (dict, list)):
        return json.dumps(item)
    if not isinstance(item, (str, int, float)):
        raise ConfigError(f"{name}: {item!r} is not text, a number, true or false")
    try:
        return str(item).lower() if isinstance(item, bool) else expanded(str(item), place)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error.message}", error.hint) from None


def _paths(value: object, place: Place) -> tuple[str, ...]:
    """Read what is watched: true is the app's own folder."""
    if isinstance(value, bool):
        return (".",) if value else ()
    return _words(value, place)


def _schedule(key: str) -> Callable[[object, Place], str]:
    def read(value: object, place: Place) -> str:
        text = str(value) if value in (0, None) else _text(value, place)
        return cron_of(key, text)

    return read


def _timezone(value: object, place: Place) -> str:
    return timezone_of(_text(value, place))


def choice(*allowed: str) -> Kind:
    """Return the kind of a word from a list."""

    def read(value: object, place: Place) -> str:
        text = _text(value, place)
        if text not in allowed:
            raise _wrong(value, "one of " + ", ".join(allowed), suggest(text, allowed))
        return text

    return Kind("word", read, {"enum": list(allowed)}, note=", ".join(allowed))


_STRING = {"type": "string"}
_FILLED = {"type": "string", "pattern": r"^-?\d+$|^(true|false)$|\$\{"}
"""A number or flag as text: PM2's, or with a variable in it."""
_LIST = {"type": "array", "items": {"type": ["string", "number"]}}

TEXT = Kind("text", _text, _STRING)
FLAG = Kind(
    "true or false", _flag, {"anyOf": [{"type": "boolean"}, _FILLED]},
    lambda flag: str(flag).lower(),
)  # fmt: skip
_NUMBER = {"anyOf": [{"type": "integer"}, _FILLED]}
PORT = Kind("port", _port, _NUMBER)
PORTS = Kind("ports", _ports, {"anyOf": [_NUMBER, {"type": "array", "items": _NUMBER}]})
WHOLE = Kind("whole number", _whole, {"anyOf": [{"type": "integer", "minimum": 0}, _FILLED]})
WORDS = Kind("words", _words, {"anyOf": [_STRING, _LIST]})
FILTERS = Kind(
    "words, or true or false", _filters, {"anyOf": [_STRING, _LIST, {"type": "boolean"}]}
)
NUMBERS = Kind(
    "numbers", _numbers,
    {"anyOf": [_NUMBER, {"type": "array", "items": _NUMBER}]},
)  # fmt: skip
DURATION = Kind(
    "duration", _duration, {"anyOf": [{"type": "number", "minimum": 0}, _STRING]},
    "{:g}s".format, "seconds, or 500ms, 2m",
)  # fmt: skip
SIZE = Kind(
    "size", _size, {"anyOf": [{"type": "integer", "minimum": 0}, _STRING]},
    "{:,}".format, "bytes, or 100K, 1.5G",
)  # fmt: skip
COUNT = Kind("number or max", _count, {"anyOf": [_NUMBER, {"const": "max"}]})
SIGNAL = Kind("signal", _signal, {"type": ["string", "integer"]})
MODE = Kind(
    "word", _mode, {"enum": ["cluster", "fork", "cluster_mode", "fork_mode"]},
    note="cluster or fork",
)  # fmt: skip
FOLDER = Kind("folder", _folder, _STRING)
LOG = Kind("file", _log, _STRING)
BOTH_LOG = Kind(
    "file, or true: NAME.log in $PM_HOME/logs", _both_log,
    {"anyOf": [{"type": "boolean"}, _STRING]},
)  # fmt: skip
PATHS = Kind("paths", _paths, {"anyOf": [{"type": "boolean"}, _STRING, _LIST]})
CRON = Kind("schedule", _schedule("cron"), {"anyOf": [_STRING, {"const": 0}]})
CRON_RESTART = CRON._replace(read=_schedule("cron_restart"))
TIMEZONE = Kind("time zone", _timezone, _STRING)
VARIABLES = Kind(
    "table", variables_of,
    {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
)  # fmt: skip
