"""Text from outside, of which no more is read than pm can do something with."""

from __future__ import annotations

from typing import TextIO

from pm.errors import ConfigError

LARGEST = 1_000_000
"""Characters. A thousand apps with all that is to be said of them are a fifth of that."""


def read_file(path: str, name: str = "") -> str:
    """Return the text of a file; raises ConfigError if it cannot be read or is too large.

    `name` is what messages call it, if not by its path.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            return read_stream(file, name or path)
    except OSError as error:
        raise ConfigError(f"{name or path}: {error.strerror}") from None


def read_stream(stream: TextIO, name: str) -> str:
    """Return the text of a stream to its end; raises ConfigError, or OSError of the stream."""
    try:
        text = stream.read(LARGEST + 1)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{name} is no UTF-8 text: it holds the byte {error.object[error.start]:#04x}",
            "is it the right file? if so, save it as UTF-8",
        ) from None
    if len(text) > LARGEST:
        raise ConfigError(
            f"{name} has more than {LARGEST // 1_000_000} MB, and pm reads no more than that",
            "is it the right file? what is too much for one may stand in several",
        )
    return text
