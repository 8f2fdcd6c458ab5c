"""Commands that change what is wanted of apps in the list: stop, restart, reload and their kin."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cli.client import call
from cli.ecosystem.file import ALL, Choice
from cli.progress import shown
from cli.report import print_outcomes
from cli.values import signal_of
from pm.api import Delete, Flush, Reload, Report, Request, Reset, Restart, Scale, SendSignal, Stop
from pm.changes import Need
from pm.codec import to_plain
from pm.errors import error_of

from .files import filed, listed_specs, renewed, split
from .look import list_apps, print_json


def stop(
    words: Sequence[str], choice: Choice = ALL, as_json: bool = False, watch: bool = False
) -> int:
    """Stop the selected apps or workers; with `watch`, watch them no longer."""
    return act(Stop(selected(words, choice), watch), "stopping", as_json)


def restart(
    words: Sequence[str],
    update_env: bool = False,
    choice: Choice = ALL,
    as_json: bool = False,
    watch: bool = False,
) -> int:
    """Stop, then start; apps of files with the files' values."""
    files, others = split(words, choice)
    outcomes = renewed(filed(files, choice), Need.RESTART)
    if others:
        request = Restart(tuple(others), _env(update_env), watch)
        with shown("restarting …") as show:
            outcomes += call(request, progress=show).outcomes
    return tell(Report(outcomes), as_json)


def reload(
    words: Sequence[str], update_env: bool = False, choice: Choice = ALL, as_json: bool = False
) -> int:
    """Replace the workers one by one; those of apps of files with the files' values."""
    files, others = split(words, choice)
    outcomes = renewed(filed(files, choice), Need.RELOAD)
    if others:
        with shown("reloading …") as show:
            request = Reload(tuple(others), _env(update_env))
            outcomes += call(request, progress=show).outcomes
    return tell(Report(outcomes), as_json)


def delete(words: Sequence[str], choice: Choice = ALL, as_json: bool = False) -> int:
    """Stop and forget."""
    return act(Delete(selected(words, choice)), "deleting", as_json)


def scale(selector: str, count: str, as_json: bool = False) -> int:
    """Change the number of workers."""
    return act(Scale(selector, count), "scaling", as_json)


def send_signal(signal: str, words: Sequence[str], as_json: bool = False) -> int:
    """Send a signal to the selected workers."""
    return act(SendSignal(selected(words), signal_of(signal)), "signalling", as_json)


def reset(words: Sequence[str], as_json: bool = False) -> int:
    """Set the restart counters to zero."""
    return act(Reset(selected(words)), "resetting", as_json)


def flush(words: Sequence[str], as_json: bool = False) -> int:
    """Empty log files."""
    return act(Flush(selected(words)), "flushing", as_json, table=False)


def act(
    request: Request[Report],
    what: str,
    as_json: bool,
    table: bool = True,
    wake: bool = False,
) -> int:
    """Ask, show progress, then tell what came of it."""
    with shown(f"{what} …") as show:
        report = call(request, wake=wake, progress=show)
    return tell(report, as_json, table)


def tell(report: Report, as_json: bool, table: bool = True) -> int:
    """Print the outcomes, then the table; return the exit code of the first that failed."""
    if as_json:
        print_json(to_plain(report))
        errors = [o.error for o in report.outcomes if o.error]
        return error_of(errors[0].code, errors[0].message).exit_code if errors else 0
    code = print_outcomes(report)
    if table:
        list_apps()
    return code


def selected(words: Sequence[str], choice: Choice = ALL) -> tuple[str, ...]:
    """Return the selectors, with each ecosystem file replaced by the names of its apps.

    An app of a file that is not in the list keeps the others from nothing: it is told.
    """
    files, _ = split(words, choice)
    found: list[str] = []
    for word in words:
        found += _listed(word, choice) if word in files else (word,)
    return tuple(found)


def _listed(path: str, choice: Choice) -> tuple[str, ...]:
    from cli.ecosystem.apps import names

    wanted = names(path, choice)
    listed = listed_specs()
    there = tuple(name for name in wanted if name in listed)
    if there and len(there) < len(wanted):
        print(f"note: not in the list: {', '.join(sorted({*wanted} - {*there}))}", file=sys.stderr)
    return there or wanted


def _env(update: bool) -> dict[str, str] | None:
    return dict(os.environ) if update else None
