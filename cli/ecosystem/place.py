"""Where a value of an ecosystem file stands, and the variables in its text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from pm.errors import ConfigError
from pm.record import dataclass

from .formats import Dialect


@dataclass(frozen=True)
class Place:
    """Where a value stands, and what that means for it."""

    folder: str
    """Of the file; relative paths begin here."""
    dialect: Dialect
    variables: Mapping[str, str]
    """What `${NAME}` may stand for."""


_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\})")


def expanded(text: str, place: Place) -> str:
    """Put variables in: `${NAME}`, `${NAME:-default}`, `$$` for a dollar; raises ConfigError."""
    if place.dialect.pm2:
        return _sound(text)

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, sign, default = match[1].partition(":-")
        if name in place.variables:
            return place.variables[name]
        if sign:
            return default
        raise ConfigError(f"${{{name}}} is not set", "export it, or write `${NAME:-default}`")

    return _sound(_VARIABLE.sub(value, text))


def _sound(text: str) -> str:
    """Refuse what no argument and no variable of a process can hold."""
    try:
        sound = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        sound = False
    if not sound:
        raise ConfigError(f"{text!r} has a character that no process can be given")
    return text


def filled(value: object, place: Place) -> object:
    """Put variables in a text; one that had some, or is PM2's, may be a number or a flag."""
    if not isinstance(value, str):
        return value
    text = expanded(value, place)
    if text == value and not place.dialect.pm2:
        return value
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else _FLAGS.get(text, text)


_FLAGS = {"true": True, "false": False}
