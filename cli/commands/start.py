"""`pm start`: new apps from files, commands and ecosystem files, and old ones again."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from cli.client import call
from cli.ecosystem.file import ALL, Choice
from cli.ecosystem.formats import default_file
from cli.ecosystem.nocluster import typed_remark
from cli.progress import shown
from cli.target import Wish, resolve, this_caller
from pm.api import List, Outcome, Report, Resume
from pm.errors import UsageError
from pm.model import AppView
from pm.record import replace

from .files import filed, split, started
from .lives import tell


def start(
    words: Sequence[str],
    wish: Wish,
    force: bool = False,
    choice: Choice = ALL,
    as_json: bool = False,
) -> int:
    """Start what the words mean; `wish` holds the options, its word is empty."""
    words = words or (default_file(),)
    caller = this_caller()
    files, others = split(words, choice)
    from_files = filed(files, choice, wish, alone=not others)
    look = others and not wish.module and not wish.name
    apps = call(List(), wake=True).apps if look else ()
    old = tuple(word for word in others if is_app(word, apps))
    if old and wish != Wish(""):
        raise UsageError(
            f"`{old[0]}` is in the list: its options are not changed by `pm start`",
            f"leave the options out, or `pm delete {old[0]}` and start it anew",
        )
    fresh = (word for word in others if word not in old)
    specs = tuple(resolve(replace(wish, word=word), caller) for word in fresh)
    for remark in filter(None, map(typed_remark, specs)):
        print(f"note: {remark}", file=sys.stderr)
    if wish.name and len(specs) + len(from_files) > 1:
        raise UsageError(f"--name: {len(specs) + len(from_files)} apps cannot share one name")
    if wish.name:
        from_files = tuple(replace(spec, name=wish.name) for spec in from_files)
    outcomes = _resumed(old) + started(specs, from_files, force)
    return tell(Report(outcomes), as_json)


def is_app(word: str, apps: Sequence[AppView]) -> bool:
    """Return True if the word selects apps of the list; a word with a dot or slash is a file."""
    names = {app.name for app in apps}
    name, _, slot = word.rpartition(":")
    if word in names or (name in names and slot.isascii() and slot.isdigit()):
        return True
    if word == "all" or re.fullmatch(r"/.+/", word):
        return True
    ids = {str(worker.id) for app in apps for worker in app.workers}
    spaces = {app.namespace for app in apps}
    return word in ids or (word in spaces and not os.path.exists(word))


def _resumed(selectors: tuple[str, ...]) -> tuple[Outcome, ...]:
    if not selectors:
        return ()
    with shown(f"starting {' '.join(selectors)} …") as show:
        return call(Resume(selectors), progress=show).outcomes
