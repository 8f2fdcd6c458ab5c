"""Which variables seem to hold a secret, and what is shown in the place of their values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "********"

_SECRET = re.compile(
    r"SECRET|TOKEN|PASS|PWD$|KEY|CREDENTIAL|AUTH|COOKIE|PRIVATE|DSN|_URL$|_URI$|SALT", re.I
)


_FOLDERS = {"PWD", "OLDPWD"}
"""The shell's: where it is, and where it was."""

_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
"""In an address: ``amqp://user:password@host``."""


def is_secret(name: str, value: object = "") -> bool:
    """Return True for a variable whose value is not to be shown."""
    named = name not in _FOLDERS and _SECRET.search(name)
    return bool(named or _PASSWORD.search(str(value)))


def masked(env: Mapping[str, str], show: bool) -> dict[str, str]:
    """Hide all values, or with `show` those of names that sound like a secret."""
    return {k: v if show and not is_secret(k, v) else MASK for k, v in env.items()}
