"""Errors and outcomes to the user: `error:` and `hint:` on stderr, the exit code, no traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pm.errors import PmError, error_of

from .screen import coloured, say
from .table import paint
from .text import clean

if TYPE_CHECKING:
    from pm.api import ErrorBody, Report


def print_error(error: PmError) -> int:
    """Print an error with its lines and hint on stderr and return its exit code."""
    colour = coloured(sys.stderr)
    label = paint("error:", "red", colour)
    say(f"{label} {_block(error.message)}")
    _say_rest(error, colour, "  ")
    return error.exit_code


def print_outcomes(report: Report) -> int:
    """Print one line an app and return the exit code of the first that failed, else 0."""
    code = 0
    for outcome in report.outcomes:
        if outcome.error is None:
            mark = paint("✓" if outcome.changed else "-", "green", coloured(sys.stdout))
            print(f"{mark} {clean(outcome.app)}: {clean(outcome.done)}", flush=True)
        else:
            failed = tell_failed(outcome.app, outcome.error)
            code = code or failed
    return code


def tell_failed(app: str, body: ErrorBody) -> int:
    """Print what went wrong with one app and return its exit code."""
    error = error_of(body.code, body.message, body.hint, body.lines)
    colour = coloured(sys.stderr)
    say(f"{paint('✗', 'red', colour)} {clean(app)}: {_block(error.message)}")
    _say_rest(error, colour, "    ")
    return error.exit_code


def _say_rest(error: PmError, colour: bool, indent: str) -> None:
    for line in error.lines:
        say(f"{indent}{clean(line)}")
    if error.hint:
        say(f"{paint('hint:', 'cyan', colour)} {_block(error.hint)}")


def _block(text: str) -> str:
    return "\n".join(map(clean, text.splitlines()))
