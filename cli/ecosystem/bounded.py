"""Text from outside, of which no more is read than pm can do something with."""

from __future__ import annotations

from typing import TextIO

from pm.errors import ConfigError

LARGEST = 1_000_000
"""Characters. A thousand apps with all that is to be said of them are a fifth of that."""


def read_file(path: str, name: str = "") -> str:
    """Return the text of a file; raises ConfigError if it is too large, OSError, UnicodeError.

    `name` is what messages call it, if not by its path.
    """
    with open(path, encoding="utf-8-sig") as file:
        return read_stream(file, name or path)


def read_stream(stream: TextIO, name: str) -> str:
    """Return the text of a stream to its end; raises as `read_file` does."""
    text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ConfigError(
            f"{name} has more than {LARGEST // 1_000_000} MB, and pm reads no more than that",
            "is it the right file? what is too much for one may stand in several",
        )
    return text
