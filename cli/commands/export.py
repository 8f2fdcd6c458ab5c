"""`pm export`: the apps of the list as an ecosystem file."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from cli.client import call
from cli.ecosystem.writing import written
from cli.secrets import is_secret
from pm.answers import Detail
from pm.api import Describe
from pm.changes import declared
from pm.errors import Failed
from pm.model import State

from .lives import selected


def export(selectors: Sequence[str], path: str = "", force: bool = False) -> int:
    """Write the selected apps, or all that are not stopped, to standard output or to a new file."""
    details = call(Describe(selected(selectors) or ("all",))).details
    chosen = [one for one in details if selectors or one.app.wanted is not State.STOPPED]
    _say_left_out([one.spec.name for one in details if one not in chosen])
    if not chosen:
        raise Failed("nothing to export: all apps are stopped", "name those that are meant")
    specs = sorted((one.spec for one in chosen), key=lambda spec: spec.name)
    if path:
        _write(path, written(specs, mask=False), force)
        print(f"{path} written, for you alone (mode 0600)", file=sys.stderr)
        return 0
    hide = sys.stdout.isatty()
    _say_secrets(chosen, hide)
    print(written(specs, hide), end="", flush=True)
    return 0


def _say_left_out(names: Sequence[str]) -> None:
    if names:
        print(f"note: left out, being stopped: {', '.join(names)}", file=sys.stderr)


def _say_secrets(details: Sequence[Detail], hidden: bool) -> None:
    variables = [item for one in details for item in declared(one.spec).items()]
    names = sorted({name for name, value in variables if is_secret(name, value)})
    if names:
        state = "are masked here" if hidden else "are in it"
        print(
            f"note: values that sound like secrets {state}: {', '.join(names)};"
            " `-o FILE` writes all to a file that only you can read",
            file=sys.stderr,
        )


def _write(path: str, text: str, force: bool) -> None:
    """Write a new file, mode 0600; raises Failed if there is one, unless `force`."""
    if os.path.lexists(path) and not force:
        raise Failed(f"{path} is there already", "another name, or --force to replace it")
    fresh = f"{path}.{os.getpid()}.new"
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise Failed(f"cannot write {path}: {error.strerror}") from None
