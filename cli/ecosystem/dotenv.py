"""Files of variables (dotenv): NAME=value lines, as python-dotenv reads them, none expanded."""

from __future__ import annotations

import io

from pm.errors import ConfigError

from .bounded import read_file


def read(path: str) -> dict[str, str]:
    """Return a file's variables; raises ConfigError."""
    return parse(read_file(path, f"env_file: {path}"), path)


def parse(text: str, path: str) -> dict[str, str]:
    """Return the variables of a text; raises ConfigError with the line that is none."""
    from dotenv.parser import parse_stream

    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        value = binding.value or ""
        if binding.error or (binding.key and binding.value is None) or "\0" in value:
            # not its text: it may be a secret
            line = binding.original.line
            raise ConfigError(f"env_file: {path}:{line}: not NAME=value")
        if binding.key is not None:
            found[binding.key] = value
    return found
