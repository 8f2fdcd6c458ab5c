"""Kinds of values that say what rights an app has."""

from __future__ import annotations

import re

from pm.errors import ConfigError

from .kinds import Kind
from .place import Place, expanded


def _identity(value: object, place: Place) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{value!r} is not a name or number")
    return expanded(value, place)


def _umask(value: object, place: Place) -> int:
    """Read octal text; of numbers only those that cannot be octal digits written without a mark.

    A file's reader has turned 0o077 into 63 before we see it, and 63 may be meant as octal.
    """
    hint = 'write it as text, such as "022"'
    if isinstance(value, int) and not isinstance(value, bool):
        if 8 <= value <= 0o777 and re.fullmatch("[0-7]+", str(value)):
            raise ConfigError(f"{value} may mean 0o{value:o} or 0o{value}", hint)
        number = value
    else:
        text = expanded(value, place) if isinstance(value, str) else ""
        if not re.fullmatch("(0o)?[0-7]{1,4}", text):
            raise ConfigError(f"{value!r} is not an octal number", hint)
        number = int(text, 8)
    if not 0 <= number <= 0o777:
        raise ConfigError(f"{value!r} is not from 0 to 0o777", hint)
    return number


IDENTITY = Kind("name or number", _identity, {"type": ["string", "integer"]})
UMASK = Kind("octal number", _umask, {"type": ["string", "integer"]})
