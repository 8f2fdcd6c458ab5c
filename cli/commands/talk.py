"""Commands that speak to the app itself: send a message, call an action."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from cli.client import call
from cli.report import print_outcomes, tell_failed
from cli.screen import screen
from cli.table import Cell, draw, squeeze, table_width
from cli.text import clean, width
from pm.api import SendMessage, Trigger, Triggering
from pm.codec import to_plain
from pm.errors import UsageError
from pm.model import ActionResult

from .look import print_json

_TITLES = ("app", "slot", "pid", "answer")


def send(selector: str, text: str, as_json: bool = False) -> int:
    """Send a message to the selected workers."""
    from .lives import tell

    report = call(SendMessage((selector,), _message(text)))
    return tell(report, True) if as_json else print_outcomes(report)


def trigger(selector: str, action: str, text: str, timeout: float, as_json: bool = False) -> int:
    """Call an action in the selected workers; 1 if it failed in one of them."""
    apps = call(Trigger((selector,), action, _message(text), timeout)).apps
    if as_json:
        print_json(to_plain(apps))
        return 1 if any(map(_failed, apps)) else 0
    rows = [_row(app.app, result) for app in apps for result in app.results]
    if rows:
        print(_table(rows), flush=True)
    code = 1 if any(map(_failed, apps)) else 0
    for app in apps:
        if app.error is not None:
            code = tell_failed(app.app, app.error)
    return code


def _message(text: str) -> Any:
    """Return what JSON says; `-` is standard input. Raises UsageError."""
    if text == "-":
        text = sys.stdin.read()
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"the message is not JSON: {error}",
            """quote it for the shell: '{"users": 25}', and a text once more: '"hello"'""",
        ) from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _failed(app: Triggering) -> bool:
    return app.error is not None or any(result.error for result in app.results)


def _table(rows: Sequence[Sequence[Cell]]) -> str:
    """Draw the answers, cut to the terminal; `--json` has them whole."""
    on = screen()
    over = table_width(_TITLES, rows) - (on.columns or 10**9)
    if over > 0:
        longest = max(width(row[-1][0]) for row in rows)
        rows = squeeze(rows, len(_TITLES) - 1, max(20, longest - over))
    return draw(_TITLES, rows, on.colour)


def _row(app: str, result: ActionResult) -> list[Cell]:
    text, colour = json.dumps(result.value, ensure_ascii=False), ""
    if result.error:
        text, colour = f"error: {result.error}", "red"
    plain = (clean(app), str(result.slot), str(result.pid))
    return [*((cell, "") for cell in plain), (clean(text), colour)]
