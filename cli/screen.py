"""What the command prints on: width, colour, and encodings that never fail."""

from __future__ import annotations

import codecs
import io
import os
import sys
import time
from typing import TextIO

from .render import Screen

_SIGNS = {"│": "|", "─": "-", "✓": "+", "✗": "x", "↺": "#", "…": "~"} | dict.fromkeys(
    "┌┬┐├┼┤└┴┘", "+"
)


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
    """Replace streams that are closed, and print what an encoding lacks by what looks like it."""
    for _ in range(3):  # else a socket could become the standard output
        spare = os.open(os.devnull, os.O_RDWR)
        if spare > 2:
            os.close(spare)
            break
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    codecs.register_error("pm", _likeness)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="pm")


def say(text: str) -> None:
    """Print on stderr; that nobody reads it any more changes neither course nor exit code."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Let what is still to be written go nowhere: at our end it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _likeness(error: UnicodeError) -> tuple[str | bytes, int]:
    """Do as `backslashreplace` does, but for the signs that pm itself prints."""
    if isinstance(error, UnicodeEncodeError):
        text = error.object[error.start : error.end]
        return "".join(_SIGNS.get(c) or _escaped(c) for c in text), error.end
    return codecs.lookup_error("backslashreplace")(error)


def _escaped(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode()
