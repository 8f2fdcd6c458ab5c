"""Addresses as users write them: "127.0.0.1:80", "[::1]:80", "unix:/run/app.sock". Pure."""

from __future__ import annotations

import re

from .errors import ConfigError
from .record import dataclass

_INTERNET = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})\Z")
_FORMS = 'such as "127.0.0.1:8000", "[::]:8000" or "unix:/run/app.sock"'


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    family: str
    """As in `ListenerView`: `ipv4`, `ipv6` or `unix`."""
    host: str
    """An IP address, or the absolute path of the unix socket."""
    port: int = 0


def address_of(text: str) -> Address:
    """Read an address; raises ConfigError."""
    if text.startswith("unix:/"):
        return Address("unix", text.removeprefix("unix:"))
    match = _INTERNET.match(text)
    if match is None or not 0 < int(match[3]) < 1 << 16:
        raise ConfigError(f"listen: {text!r} is no address to listen on", _FORMS)
    return Address("ipv6" if match[1] else "ipv4", match[1] or match[2], int(match[3]))
