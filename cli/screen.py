"""What the command prints on: width, colour, and encodings that never fail."""

from __future__ import annotations

import io
import os
import sys
import time
from typing import TextIO

from .render import Screen


def screen() -> Screen:
    """Look at stdout: a pipe gets lines of any length and no colour."""
    columns = None
    if sys.stdout.isatty():
        columns = os.get_terminal_size(sys.stdout.fileno()).columns or None
    return Screen(columns, coloured(sys.stdout), time.time())


def coloured(stream: TextIO) -> bool:
    """Return True for a terminal that shows colours, unless NO_COLOR says no."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def make_safe() -> None:
    """Print what the terminal's encoding lacks as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
