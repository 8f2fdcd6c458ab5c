"""Which variables sound like a secret, and what is shown in the place of their values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "********"

_SECRET = re.compile(
    r"SECRET|TOKEN|PASS|PWD$|KEY|CREDENTIAL|AUTH|COOKIE|PRIVATE|DSN|_URL$|_URI$|SALT", re.I
)


def is_secret(name: str) -> bool:
    """Return True for a variable whose value is not to be shown."""
    return _SECRET.search(name) is not None


def masked(env: Mapping[str, str], show: bool) -> dict[str, str]:
    """Hide all values, or with `show` those of names that sound like a secret."""
    return {k: v if show and not is_secret(k) else MASK for k, v in env.items()}
