"""`pm start`: new apps from files, commands and ecosystem files, and old ones again."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from cli.client import call
from cli.ecosystem.apps import read
from cli.ecosystem.formats import is_ecosystem
from cli.progress import shown
from cli.target import Caller, Wish, resolve, this_caller
from pm.api import List, Outcome, Report, Resume, Start, Stop
from pm.codec import suggest
from pm.errors import UsageError
from pm.model import AppSpec, AppView, State
from pm.record import replace

from .lives import tell

_OVER = (State.STOPPED, State.ERRORED)


def start(
    words: Sequence[str],
    wish: Wish,
    force: bool = False,
    only: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Start what the words mean; `wish` holds the options, its word is empty."""
    words = words or _default_file()
    caller = this_caller()
    apps = () if wish.module or wish.name else call(List(), wake=True).apps
    old = tuple(word for word in words if is_app(word, apps))
    if old and wish != Wish(""):
        raise UsageError(
            f"`{old[0]}` is in the list: its options are not changed by `pm start`",
            f"leave the options out, or `pm delete {old[0]}` and start it anew",
        )
    if only and old:
        raise _no_file(old[0])
    specs, filed = _specs([word for word in words if word not in old], wish, caller, only)
    if wish.name and len(specs) + len(filed) > 1:
        raise UsageError(f"--name: {len(specs) + len(filed)} apps cannot share one name")
    if wish.name:
        filed = tuple(replace(spec, name=wish.name) for spec in filed)
    outcomes = _resumed(old) + _started(specs, filed, force)
    return tell(Report(outcomes), as_json)


def is_app(word: str, apps: Sequence[AppView]) -> bool:
    """Return True if the word selects apps of the list; a word with a dot or slash is a file."""
    if any(word == app.name for app in apps):
        return True
    if word == "all" or re.fullmatch(r"/.+/", word):
        return True
    ids = {str(worker.id) for app in apps for worker in app.workers}
    spaces = {app.namespace for app in apps}
    return word in ids or (word in spaces and not os.path.exists(word))


def _default_file() -> tuple[str, ...]:
    """Return the file that a bare `pm start` means."""
    if os.path.isfile("ecosystem.toml"):
        return ("ecosystem.toml",)
    raise UsageError(
        "nothing to start: there is no ecosystem.toml here", "name a script, command or app"
    )


def _specs(
    words: Sequence[str], wish: Wish, caller: Caller, only: Sequence[str]
) -> tuple[tuple[AppSpec, ...], tuple[AppSpec, ...]]:
    """Return the apps that are typed, and those that stand in files."""
    files = [word for word in words if is_ecosystem(word) and not wish.module]
    others = [word for word in words if word not in files]
    if only and others:
        raise _no_file(others[0])
    filed = [spec for path in files for spec in _chosen(read(path, caller, wish), only)]
    return tuple(resolve(replace(wish, word=word), caller) for word in others), tuple(filed)


def _no_file(word: str) -> UsageError:
    return UsageError(f"--only: `{word}` is no file of apps", "name an ecosystem.toml")


def _chosen(specs: Sequence[AppSpec], only: Sequence[str]) -> list[AppSpec]:
    """Keep the apps that --only names, or all; raises UsageError for a name that none has."""
    names = {spec.name for spec in specs}
    for name in only:
        if name not in names:
            raise UsageError(f"--only: the file has no app `{name}`", suggest(name, names))
    return [spec for spec in specs if not only or spec.name in only]


def _resumed(selectors: tuple[str, ...]) -> tuple[Outcome, ...]:
    if not selectors:
        return ()
    with shown(f"starting {' '.join(selectors)} …") as show:
        return call(Resume(selectors), progress=show).outcomes


def _started(
    specs: tuple[AppSpec, ...], filed: tuple[AppSpec, ...], force: bool
) -> tuple[Outcome, ...]:
    """Start apps; one that runs is restarted if a file describes it, else only by force."""
    if not specs + filed:
        return ()
    runs = _running() if filed else {}
    again = tuple(spec for spec in filed if runs.get(spec.name) == spec.script)
    fresh = specs + tuple(spec for spec in filed if spec not in again)
    outcomes: tuple[Outcome, ...] = ()
    with shown(f"starting {' '.join(s.name for s in specs + filed)} …") as show:
        if fresh:
            outcomes += call(Start(fresh, force), wake=True, progress=show).outcomes
        if again:
            call(Stop(tuple(spec.name for spec in again)), progress=show)
            restarted = call(Start(again, force), wake=True, progress=show).outcomes
            outcomes += tuple(replace(o, done=_again(o.done)) for o in restarted)
    return outcomes


def _running() -> dict[str, str]:
    """Return the script of each app that runs, by the app's name."""
    return {a.name: a.script for a in call(List(), wake=True).apps if a.state not in _OVER}


def _again(done: str) -> str:
    return "restarted with the file's values" + done.removeprefix("started")
