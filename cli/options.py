"""How commands, options and arguments are declared: once, for `quick` and for Typer.

Typer's own markers would need Typer, which takes longer to import than all else we do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., int])

LIVES, FILES, LOOK, LOGS = "Run", "Files of apps", "Look", "Logs"
DEPLOY, DAEMON = "Other hosts", "The daemon"
PANELS = (LIVES, FILES, LOOK, LOGS, DEPLOY, DAEMON)
"""Groups of `pm --help`, in its order."""


class Option(NamedTuple):
    """An option; a bool is a flag, a list may be repeated."""

    flags: tuple[str, ...]
    help: str
    """Empty where `key` says it."""
    panel: str | None = None
    metavar: str | None = None
    parser: Callable[[str], Any] | None = None
    """Turns the text into the value; raises PmError."""
    key: str = ""
    """The key of ecosystem files that means the same."""


class Argument(NamedTuple):
    """A positional word, or with a list all that are left."""

    help: str
    metavar: str | None = None


class Rest(NamedTuple):
    """The words after `--`, for the app."""


class Command(NamedTuple):
    """A command: what runs it, where help shows it, and its other names."""

    run: Callable[..., int]
    name: str
    panel: str
    aliases: tuple[str, ...] = ()
    numbers: bool = False
    """True if a word such as -1 is an argument."""


COMMANDS: dict[str, Command] = {}
"""Every command by its name and by its aliases."""


def command(panel: str, *names: str, numbers: bool = False) -> Callable[[F], F]:
    """Declare the function to be a command."""

    def register(function: F) -> F:
        declared = Command(function, names[0], panel, names[1:], numbers)
        COMMANDS.update((name, declared) for name in names)
        return function

    return register


def of_key(
    key: str,
    *flags: str,
    panel: str | None = None,
    metavar: str | None = None,
    parser: Callable[[str], Any] | None = None,
) -> Option:
    """Return the marker of an option that sets what a key of ecosystem files sets."""
    return Option(flags or (f"--{key.replace('_', '-')}",), "", panel, metavar, parser, key)


def option(*flags: str, text: str, panel: str | None = None, metavar: str | None = None) -> Option:
    """Return the marker of an option whose value is taken as it is."""
    return Option(flags, text, panel, metavar)


_SELECT = "Names, ids, NAME:SLOT, namespaces, /regexes/, `all`, or a file of apps."

Selectors = Annotated[list[str], Argument(_SELECT, "APP")]
MaybeSelectors = Annotated[list[str] | None, Argument(f"{_SELECT} None means all.", "APP")]
One = Annotated[str, Argument("Name or id.", "APP")]
Json = Annotated[bool, option("--json", text="Print JSON.")]
UpdateEnv = Annotated[
    bool, option("--update-env", "-a", text="Take over the environment of this shell.")
]
Only = Annotated[str, option("--only", text="These apps of the file.", metavar="A,B")]
Environment = Annotated[
    str, option("--env", text="Lay the file's env_NAME over its env.", metavar="NAME")
]


def names_of(text: str) -> tuple[str, ...]:
    """Return the names in "a,b"."""
    return tuple(name for name in text.replace(",", " ").split() if name)
