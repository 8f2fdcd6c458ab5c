"""What commands do with the apps of ecosystem files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.client import NothingRuns, call
from cli.ecosystem.file import ALL, Choice
from cli.ecosystem.formats import is_ecosystem
from cli.progress import shown
from pm.answers import Detail
from pm.api import Change, Describe, Outcome, Start
from pm.changes import Need
from pm.errors import NotFound, UsageError
from pm.model import AppSpec

if TYPE_CHECKING:
    from cli.target import Wish


def split(words: Sequence[str], choice: Choice) -> tuple[list[str], list[str]]:
    """Return the files and the other words; raises UsageError for options that others have not."""
    files = [word for word in words if is_ecosystem(word)]
    others = [word for word in words if word not in files]
    option = "--only" if choice.only else f"--env {choice.environment}"
    if others and choice != ALL:
        raise UsageError(f"{option}: `{others[0]}` is no file of apps", "name an ecosystem.toml")
    return files, others


def filed(
    files: Sequence[str], choice: Choice, typed: Wish | None = None, alone: bool = True
) -> tuple[AppSpec, ...]:
    """Return the chosen apps of files, with the typed options.

    What they depend on may also be in another file, or not `alone`: then the daemon finds it.
    """
    if not files:
        return ()
    from cli.ecosystem.apps import read
    from cli.target import Wish, this_caller

    caller, wish = this_caller(), typed or Wish("")
    listed = listed_specs if alone and len(files) == 1 else None
    return tuple(spec for path in files for spec in read(path, caller, choice, wish, listed))


def started(
    specs: tuple[AppSpec, ...], filed: tuple[AppSpec, ...], force: bool
) -> tuple[Outcome, ...]:
    """Start apps; one of the list is restarted if a file describes it, else only by force."""
    return _brought(specs, filed, Need.RESTART, force=force, wake=True)


def renewed(filed: tuple[AppSpec, ...], need: Need) -> tuple[Outcome, ...]:
    """Restart or reload what files describe, with their values; start what is not in the list."""
    return _brought((), filed, need)


def _brought(
    specs: tuple[AppSpec, ...],
    filed: tuple[AppSpec, ...],
    need: Need,
    force: bool = False,
    wake: bool = False,
) -> tuple[Outcome, ...]:
    if not specs + filed:
        return ()
    listed = listed_specs(wake) if filed else {}
    known = tuple(spec for spec in filed if _same(listed.get(spec.name), spec))
    fresh = specs + tuple(spec for spec in filed if spec not in known)
    outcomes: tuple[Outcome, ...] = ()
    with shown(f"starting {' '.join(s.name for s in specs + filed)} …") as show:
        if fresh:
            outcomes += call(Start(fresh, force), wake=wake, progress=show).outcomes
        if known:
            outcomes += call(Change(known, need), progress=show).outcomes
    return outcomes


def listed_details(wake: bool = False) -> Sequence[Detail]:
    """Return all of the list; without a daemon it is empty."""
    try:
        return call(Describe(("all",)), wake=wake).details
    except (NothingRuns, NotFound):
        return ()


def listed_specs(wake: bool = False) -> dict[str, AppSpec]:
    """Return the apps of the list by their names; without a daemon it is empty."""
    return {detail.spec.name: detail.spec for detail in listed_details(wake)}


def _same(listed: AppSpec | None, spec: AppSpec) -> bool:
    """Return True if that app of the list is this one, not another of the same name."""
    if listed is None:
        return False
    return listed.script == spec.script or (bool(spec.source) and listed.source == spec.source)


def print_schema() -> int:
    """Print the JSON Schema."""
    import json

    from cli.ecosystem.schema import schema

    print(json.dumps(schema(), indent=2))
    return 0
