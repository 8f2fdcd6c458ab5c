"""What can go wrong, in words for the user.

    PmError                  code        exit
    |-- UsageError           usage       2     the command was typed wrongly
    |-- ConfigError          config      2     an ecosystem file is wrong
    |-- NotFound             not-found   1     no app matches the selector
    |-- NoDaemon             no-daemon   3     the daemon is not there, or is too old or too new
    |-- NotReady             not-ready   4     the app did not become ready in time
    `-- Failed               failed      1     everything else

An error is raised anywhere, crosses the wire as (code, message, hint, lines), and is
printed once, by the CLI.
"""

from __future__ import annotations

from collections.abc import Iterable

from .record import dataclass


class PmError(Exception):
    """Say what happened (`message`), what to do (`hint`), and what the app printed (`lines`)."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, hint: str = "", lines: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.lines = tuple(lines)


class Failed(PmError):
    """The work was understood and could not be done."""


class UsageError(PmError):
    """The command line is wrong."""

    code = "usage"
    exit_code = 2


class ConfigError(PmError):
    """A file that describes apps is wrong."""

    code = "config"
    exit_code = 2


class NotFound(PmError):
    """Nothing carries that name, id or namespace."""

    code = "not-found"


class NoDaemon(PmError):
    """No daemon answers, or it speaks another protocol."""

    code = "no-daemon"
    exit_code = 3


class NotReady(PmError):
    """The app was started and did not become ready in time."""

    code = "not-ready"
    exit_code = 4


@dataclass(frozen=True)
class ErrorBody:
    """A PmError on the wire."""

    code: str
    message: str
    hint: str = ""
    lines: tuple[str, ...] = ()


_BY_CODE: dict[str, type[PmError]] = {
    kind.code: kind for kind in (Failed, UsageError, ConfigError, NotFound, NoDaemon, NotReady)
}


def error_of(code: str, message: str, hint: str = "", lines: Iterable[str] = ()) -> PmError:
    """Rebuild an error that came over the wire; an unknown code is a plain failure."""
    return _BY_CODE.get(code, Failed)(message, hint, lines)
