"""The commands that are typed most, run without importing Typer (it takes 80 ms and more).

Only their plain forms: anything else, `--help` included, is Typer's.
"""

from __future__ import annotations

from collections.abc import Sequence

LIST = ("list", "ls", "l", "ps", "status")


def quick(words: Sequence[str]) -> int | None:
    """Run the command and return its exit code; None if it is not for this path."""
    if not words:
        return None
    name, rest = words[0], [word for word in words[1:] if word != "--json"]
    as_json = len(rest) < len(words) - 1
    if any(word.startswith("-") for word in rest):
        return None
    from .commands import look

    if name in LIST:
        return look.list_apps(rest, as_json)
    if name == "ping" and not rest:
        return look.ping(as_json)
    if name == "jlist" and not rest and not as_json:
        return look.jlist()
    if name in ("-v", "--version", "version") and not rest and not as_json:
        return look.version()
    return None
