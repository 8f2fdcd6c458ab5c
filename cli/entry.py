"""From the command line to an exit code: the quick path, else Typer; every error ends here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pm.errors import PmError, UsageError

from .client import Interrupted
from .screen import drop, make_safe, say


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; `--debug` shows tracebacks."""
    words, rest = _split(argv)
    debug = "--debug" in words
    if "--no-color" in words:
        os.environ["NO_COLOR"] = "1"
    words = [word for word in words if word not in ("--debug", "--no-color")]
    make_safe()
    try:
        return _dispatch(words, rest)
    except BrokenPipeError:
        return _reader_gone()
    except (KeyboardInterrupt, Exception) as error:
        if debug:
            raise
        return _told(error, words)


def _dispatch(words: list[str], rest: list[str] | None) -> int:
    from . import typed  # noqa: F401  # declares the commands
    from .quick import quick

    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if words in (["-v"], ["--version"]):
        words = ["version"]
    if "_PM_COMPLETE" not in os.environ and (code := quick(words, rest)) is not None:
        return code
    from .app import run_typer

    return run_typer(words, rest)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Part our words from the app's, which follow the first `--`."""
    words = list(argv)
    if "--" not in words:
        return words, None
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _told(error: BaseException, words: list[str]) -> int:
    from .options import COMMANDS
    from .report import print_error

    if isinstance(error, Interrupted):
        say("\nthe daemon goes on with it; `pm list` shows what came of it")
        return 130
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, UsageError) and not error.hint and words and words[0] in COMMANDS:
        error.hint = f"`pm {words[0]} --help` shows more"
    if isinstance(error, PmError):
        return print_error(error)
    if isinstance(error, OSError):
        return _told_by_the_kernel(error)
    text = f"a fault in pm itself: {type(error).__name__}: {error}"
    return print_error(PmError(text, "--debug shows where"))


def _told_by_the_kernel(error: OSError) -> int:
    from .report import print_error

    what, reason = error.filename, error.strerror or str(error)
    try:
        sys.stdout.flush()
    except OSError:
        what = "standard output"
        drop(sys.stdout)
    return print_error(PmError(f"{what}: {reason}" if what else reason, "--debug shows where"))


def _reader_gone() -> int:
    """End quietly after the reader of our output has gone (`pm reload web 2>&1 | head -1`)."""
    drop(sys.stdout)
    drop(sys.stderr)
    return 0
