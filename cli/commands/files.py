"""What commands do with the apps of ecosystem files."""

from __future__ import annotations

from collections.abc import Sequence

from cli.client import call
from cli.ecosystem.file import ALL, Choice
from cli.ecosystem.formats import is_ecosystem
from cli.progress import shown
from pm.api import List, Outcome, Start, Stop
from pm.errors import UsageError
from pm.model import AppSpec, State
from pm.record import replace

_OVER = (State.STOPPED, State.ERRORED)


def split(words: Sequence[str], choice: Choice) -> tuple[list[str], list[str]]:
    """Return the files and the other words; raises UsageError for options that others have not."""
    files = [word for word in words if is_ecosystem(word)]
    others = [word for word in words if word not in files]
    option = "--only" if choice.only else f"--env {choice.environment}"
    if others and choice != ALL:
        raise UsageError(f"{option}: `{others[0]}` is no file of apps", "name an ecosystem.toml")
    return files, others


def filed(files: Sequence[str], choice: Choice) -> tuple[AppSpec, ...]:
    """Return the chosen apps of files."""
    if not files:
        return ()
    from cli.ecosystem.apps import read
    from cli.target import this_caller

    caller = this_caller()
    return tuple(spec for path in files for spec in read(path, caller, choice))


def started(
    specs: tuple[AppSpec, ...], filed: tuple[AppSpec, ...], force: bool, wake: bool = True
) -> tuple[Outcome, ...]:
    """Start apps; one that runs is restarted if a file describes it, else only by force."""
    if not specs + filed:
        return ()
    runs = _running(wake) if filed else {}
    again = tuple(spec for spec in filed if runs.get(spec.name) == spec.script)
    fresh = specs + tuple(spec for spec in filed if spec not in again)
    outcomes: tuple[Outcome, ...] = ()
    with shown(f"starting {' '.join(s.name for s in specs + filed)} …") as show:
        if fresh:
            outcomes += call(Start(fresh, force), wake=wake, progress=show).outcomes
        if again:
            call(Stop(tuple(spec.name for spec in again)), progress=show)
            restarted = call(Start(again, force), wake=wake, progress=show).outcomes
            outcomes += tuple(replace(o, done=_again(o.done)) for o in restarted)
    return outcomes


def _running(wake: bool) -> dict[str, str]:
    """Return the script of each app that runs, by the app's name."""
    return {a.name: a.script for a in call(List(), wake=wake).apps if a.state not in _OVER}


def _again(done: str) -> str:
    return "restarted with the file's values" + done.removeprefix("started")


def print_schema() -> int:
    """Print the JSON Schema."""
    import json

    from cli.ecosystem.schema import schema

    print(json.dumps(schema(), indent=2))
    return 0
