"""Commands that change nothing: list, jlist, describe, env, pid, id, ping, version.

`list` and `ping` are on the quick path: at import this module loads no more than they need.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.client import NothingRuns, call, exchange
from pm.errors import Failed, NotFound

if TYPE_CHECKING:
    from pm.api import Detail
    from pm.model import AppView

_WORDS = 10
"""Lines of standard error that describe an errored app."""


def list_apps(selectors: Sequence[str] = (), as_json: bool = False) -> int:
    """Print the table of workers, or the views as JSON."""
    try:
        plain = exchange("list", {"selectors": list(selectors)})["apps"]
        note = "" if plain else "no apps yet: `pm start app.py` starts one"
    except NothingRuns as error:
        plain, note = [], f"{error.message}: {error.hint}"
    if as_json:
        print_json(plain)
        return 0
    from cli.render import app_table
    from cli.screen import screen
    from pm.codec import from_plain
    from pm.model import AppView

    print(app_table([from_plain(AppView, app) for app in plain], screen()), flush=True)
    if note:
        print(note, file=sys.stderr)
    return 0


def ping(as_json: bool = False) -> int:
    """Print who answers; never starts a daemon."""
    pong = exchange("ping", {}, revive=False)
    if as_json:
        print_json(pong)
    else:
        print(f"pong: pid {pong['pid']}, version {pong['version']}, home {pong['home']}")
    return 0


def jlist() -> int:
    """Print PM2's JSON, one object a worker."""
    import getpass

    from cli.jlist import jlist as objects

    try:
        details = _details(("all",))
    except (NothingRuns, NotFound):
        details = ()
    print_json(objects(details, getpass.getuser()))
    return 0


def describe(selectors: Sequence[str], as_json: bool = False, show_env: bool = False) -> int:
    """Print everything known of the selected apps."""
    import os

    from cli.describe import describe as sections
    from cli.describe import without_secrets
    from cli.screen import screen
    from pm.codec import to_plain

    details = _details(selectors)
    if as_json:
        print_json(to_plain([without_secrets(detail, show_env) for detail in details]))
    else:
        on = screen()
        print(
            "\n\n".join(
                sections(detail, on, os.environ, show_env, _last_words(detail.app))
                for detail in details
            )
        )
    return 0


def _last_words(app: AppView) -> list[str]:
    """Return the last lines that an errored app, or a failed job, wrote on standard error."""
    from cli.logview import sources_of
    from pm.home import default_home
    from pm.model import State

    lines: list[str] = []
    last = app.cron.last if app.cron else None
    if app.state is State.ERRORED or (last and not last.well and not last.reason):
        for source in sources_of(app, default_home(), frozenset(["error"])):
            lines += (line.text for line in source.follower.tail(_WORDS))
            source.follower.close()
    return lines


def env(selector: str, as_json: bool = False) -> int:
    """Print an app's environment, secrets included: it was asked for."""
    details = _details((selector,))
    if len(details) != 1:
        raise Failed(f"`{selector}` names {len(details)} apps", "name one of them, by id or name")
    variables = details[0].spec.env
    if as_json:
        print_json(variables)
    else:
        print("\n".join(f"{key}: {value}" for key, value in sorted(variables.items())))
    return 0


def pids(selectors: Sequence[str], as_json: bool = False) -> int:
    """Print the pids of the selected workers that run, one a line."""
    found = [w.pid for app in _apps(selectors) for w in app.workers if w.pid]
    if as_json:
        print_json(found)
    elif found:
        print(*found, sep="\n")
    return 0


def ids(selectors: Sequence[str], as_json: bool = False) -> int:
    """Print the ids of the selected apps' workers, one a line."""
    found = sorted(w.id for app in _apps(selectors) for w in app.workers)
    if as_json:
        print_json(found)
    elif found:
        print(*found, sep="\n")
    return 0


def version() -> int:
    """Print pm's own version."""
    import pm

    print(pm.__version__)
    return 0


def print_json(value: Any) -> None:
    """Print compact JSON and a newline."""
    print(json.dumps(value, separators=(",", ":")), flush=True)


def _apps(selectors: Sequence[str]) -> Sequence[AppView]:
    from pm.api import List

    return call(List(tuple(selectors))).apps


def _details(selectors: Sequence[str]) -> Sequence[Detail]:
    from pm.api import Describe

    return call(Describe(tuple(selectors))).details
