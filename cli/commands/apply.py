"""`pm apply` and `pm diff`: a file of apps is the truth, and the list is made to be as it says."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from cli.client import Interrupted, call
from cli.ecosystem.apps import read
from cli.ecosystem.file import ALL, Choice
from cli.ecosystem.formats import STDIN, default_file
from cli.plan import Deed, Step, Wishes, plan
from cli.planview import as_data, show, summary
from cli.progress import shown
from cli.report import print_error, print_outcomes
from cli.screen import coloured
from cli.target import this_caller
from pm.answers import Outcome, Report
from pm.api import Change, Delete, Request, Start
from pm.changes import Need
from pm.codec import to_plain
from pm.errors import ErrorBody, NoDaemon, PmError, UsageError, error_of
from pm.model import AppSpec

from .files import listed_details, listed_specs
from .look import list_apps, print_json

DIFFERS = 1
"""Exit code of `diff`, as diff(1) has it; trouble is 2 up."""
TO_DO = 2
"""Exit code of `apply --dry-run`; trouble is another."""


class Options(NamedTuple):
    """What was typed beside the file."""

    choice: Choice = ALL
    prune: bool = False
    update_env: bool = False
    least: Need = Need.NOTHING
    quiet: bool = False
    as_json: bool = False


def apply(file: str, options: Options, dry_run: bool = False) -> int:
    """Do what makes the list as the file says, or only say what that is."""
    if dry_run:
        return _compare(file, options, TO_DO)
    name = file or default_file()
    steps = _planned(name, options)
    if not options.as_json:
        print(f"{show(steps, coloured(sys.stdout))}\n{summary(steps)}", flush=True)
    report, left = _carry_out(steps, options)
    if options.as_json:
        print_json({"plan": as_data(steps), **to_plain(report), "left": left})
    elif not options.quiet and not all(step.idle for step in steps):
        with suppress(NoDaemon):  # it has just gone: what is left is said all the same
            list_apps()
    return _concluded(name, report, left)


def diff(file: str, options: Options) -> int:
    """Say what differs between a file and the list."""
    return _compare(file, options, DIFFERS)


def _compare(file: str, options: Options, differs: int) -> int:
    """Print the plan; return `differs` if there is something to do, and never for trouble."""
    try:
        name = file or default_file()
        steps = _planned(name, options)
    except PmError as error:
        code = print_error(error)
        return {TO_DO: 1, DIFFERS: 2}[differs] if code == differs else code
    if options.as_json:
        print_json(as_data(steps))
    else:
        kept = [step for step in steps if step.deed is not Deed.KEEP]
        print("\n".join(filter(None, [show(kept, coloured(sys.stdout)), summary(steps)])))
    return 0 if all(step.idle for step in steps) else differs


def _planned(name: str, options: Options) -> tuple[Step, ...]:
    only = options.choice.only
    if options.prune and (only or name == STDIN):
        raise UsageError(
            f"--prune and {'--only' if only else 'standard input'} exclude each other",
            "it removes what came from a file and stands in it no longer",
        )
    caller = this_caller()
    source = "" if name == STDIN else os.path.normpath(os.path.join(caller.cwd, name))
    specs = read(name, caller, options.choice, listed=listed_specs)
    listed = {detail.spec.name: detail for detail in listed_details()}
    wishes = Wishes(source, options.prune, not only, options.update_env, options.least, listed)
    return plan(specs, wishes)


class _Work(NamedTuple):
    """What is asked of the daemon in one go."""

    doing: str
    apps: tuple[str, ...]
    request: Request[Report]


def _works(steps: Sequence[Step], options: Options) -> list[_Work]:
    """Return what is asked, in the order of the steps: the new apps together, changes singly.

    What a change needs is the daemon's to see, by what it has when its turn comes; only the
    caller's variables it does not compare.
    """
    added = _specs(step for step in steps if step.deed is Deed.ADD)
    claimed = _specs(step for step in steps if step.deed is Deed.KEEP and step.claims)
    removed = tuple(step.app for step in steps if step.deed is Deed.REMOVE)
    changed = [step for step in steps if step.deed in (Deed.CHANGE, Deed.START)]
    works = [_Work("starting", tuple(spec.name for spec in added), Start(added))]
    for step in changed:
        least = step.need if options.update_env else options.least
        works.append(_Work("changing", (step.app,), Change(_specs([step]), least)))
    works += [_Work("noting", tuple(spec.name for spec in claimed), Change(claimed))]
    works += [_Work("removing", removed, Delete(removed))]
    return [work for work in works if work.apps]


def _specs(steps: Iterable[Step]) -> tuple[AppSpec, ...]:
    return tuple(step.spec for step in steps if step.spec is not None)


def _carry_out(steps: Sequence[Step], options: Options) -> tuple[Report, list[str]]:
    """Do one thing after the other until one fails; return what came of it, and what is left."""
    outcomes: list[Outcome] = []
    works = _works(steps, options)
    for number, work in enumerate(works, 1):
        place = f" ({number} of {len(works)})" if len(works) > 1 else ""
        left = [app for later in works[number:] for app in later.apps]
        found = _asked(f"{work.doing} {', '.join(work.apps)}{place} …", work, left)
        outcomes += found
        if not options.as_json:
            print_outcomes(Report(tuple(one for one in found if one.changed or one.error)))
        if any(outcome.error for outcome in found):
            return Report(tuple(outcomes)), left
    return Report(tuple(outcomes)), []


def _asked(what: str, work: _Work, left: Sequence[str]) -> tuple[Outcome, ...]:
    with shown(what) as progress:
        try:
            return call(work.request, wake=True, progress=progress).outcomes
        except PmError as error:
            body = ErrorBody(error.code, error.message, error.hint, error.lines)
            return tuple(Outcome(app, "", body) for app in work.apps)
        except Interrupted:
            if left:
                print(f"\nnot tried: {', '.join(left)}", file=sys.stderr)
            raise


def _concluded(name: str, report: Report, left: Sequence[str]) -> int:
    """Say what is applied and what is not, if something failed; return the exit code."""
    errors = [one.error for one in report.outcomes if one.error]
    if not errors:
        return 0
    groups = {
        "applied": [one.app for one in report.outcomes if not one.error],
        "failed": [one.app for one in report.outcomes if one.error],
        "not tried": left,
    }
    lines = [f"{what}: {', '.join(apps)}" for what, apps in groups.items() if apps]
    hint = "what served goes on serving; `pm diff` shows what is left to do"
    file = "the file" if name == STDIN else name
    return print_error(error_of(errors[0].code, f"{file} is not applied in full", hint, lines))
