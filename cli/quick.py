"""Read a well-formed command line without Typer, which takes 100 ms to start.

Anything else, `--help` and every mistake included, is left to Typer, which explains it. Both
read the same declarations.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pm.errors import UsageError

from .options import COMMANDS, Argument, Command, Option, Rest

_NUMBER = re.compile(r"-\d+\Z")


class Parameter(NamedTuple):
    """One parameter of a command's function."""

    name: str
    marker: Option | Argument | Rest
    kind: Any
    """Its type, without the marker."""
    required: bool

    @property
    def many(self) -> bool:
        """True if it takes several words."""
        return any(typing.get_origin(k) is list for k in (self.kind, *typing.get_args(self.kind)))


def quick(words: Sequence[str], rest: Sequence[str] | None) -> int | None:
    """Run the command and return its exit code; None if the line is not for this path."""
    declared = COMMANDS.get(words[0]) if words else None
    if declared is None:
        return None
    values = parse(declared, words[1:], rest)
    return None if values is None else declared.run(**values)


def parameters(function: Callable[..., int]) -> list[Parameter]:
    """Return what a command's function takes, in order."""
    hints = typing.get_type_hints(function, include_extras=True)
    code = function.__code__  # `inspect` would take 7 ms to import
    names = code.co_varnames[: code.co_argcount]
    optional = names[len(names) - len(function.__defaults__ or ()) :]
    found = []
    for name in names:
        hint = hints[name]
        if not hasattr(hint, "__metadata__"):  # 3.10 wraps those whose default is None
            hint = typing.get_args(hint)[0]
        found.append(Parameter(name, hint.__metadata__[0], hint.__origin__, name not in optional))
    return found


def parse(
    declared: Command, words: Sequence[str], rest: Sequence[str] | None
) -> dict[str, Any] | None:
    """Return the function's arguments, or None if anything is out of the ordinary."""
    values: dict[str, Any] = {}
    known = parameters(declared.run)
    by_flag = {f: p for p in known if isinstance(p.marker, Option) for f in p.marker.flags}
    plain: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or (declared.numbers and _NUMBER.match(word)):
            plain.append(word)
        elif not _take_option(by_flag, word, left, values):
            return None
    for parameter in known:
        if isinstance(parameter.marker, Rest) and rest is not None:
            values[parameter.name], rest = tuple(rest), None
    arguments = [p for p in known if isinstance(p.marker, Argument)]
    return values if rest is None and _place(arguments, plain, values) else None


def _take_option(
    by_flag: dict[str, Parameter], word: str, left: list[str], values: dict[str, Any]
) -> bool:
    """Read one option, its value from the same word or the next; False if that fails."""
    flag, sign, text = word.partition("=") if word.startswith("--") else (word, "", "")
    parameter = by_flag.get(flag)
    if parameter is None or not isinstance(parameter.marker, Option):
        return False
    if parameter.kind is bool:
        values[parameter.name] = True
        return not sign
    if not sign:
        if not left:
            return False
        text = left.pop(0)
    value = _parsed(parameter.marker, flag, text)
    if parameter.many:
        values.setdefault(parameter.name, []).append(value)
    else:
        values[parameter.name] = value
    return True


def _parsed(marker: Option, flag: str, text: str) -> Any:  # of the parameter's own type
    if marker.parser is None:
        return text
    try:
        return marker.parser(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error.message}", error.hint) from None


def _place(arguments: Sequence[Parameter], plain: list[str], values: dict[str, Any]) -> bool:
    """Give the words without a dash to the arguments; False if they do not fit."""
    left = list(plain)
    for argument in arguments:
        if argument.many and left:
            values[argument.name], left = left, []
        elif left:
            values[argument.name] = left.pop(0)
        elif argument.required:
            return False
    return not left
