"""Commands about the daemon itself and its list: kill, save, resurrect."""

from __future__ import annotations

import os
import select
import sys

from cli.client import NothingRuns, call, exchange
from cli.progress import shown
from cli.report import print_outcomes
from pm.api import Kill, Resurrect, Save
from pm.codec import to_plain
from pm.errors import Failed
from pm.home import default_home

from .lives import act
from .look import print_json

_PATIENCE = 10.0


def kill() -> int:
    """Stop all apps, then the daemon; return when its process is gone."""
    left = any(name.endswith(".json") for name in _run_folder())
    try:
        pid = int(exchange("ping", {}, revive=left)["pid"])
    except NothingRuns as error:
        print(f"{error.message}: nothing to do", file=sys.stderr)
        return 0
    with shown("stopping all apps …") as show:
        watch = os.pidfd_open(pid)
        report = call(Kill(), progress=show)
    code = print_outcomes(report)
    gone = select.select([watch], [], [], _PATIENCE)[0]
    os.close(watch)
    if not gone:
        raise Failed(f"the daemon (pid {pid}) has not ended", f"`kill -9 {pid}` ends it")
    print("✓ the daemon has ended")
    return code


def _run_folder() -> list[str]:
    """Return what stands in `run/`: each living master has a file there."""
    try:
        return os.listdir(os.path.join(default_home(), "run"))
    except FileNotFoundError:
        return []


def save(force: bool = False, as_json: bool = False) -> int:
    """Write the list of apps to the dump."""
    saved = call(Save(force))
    if as_json:
        print_json(to_plain(saved))
    else:
        print(f"✓ saved {saved.apps} app{'' if saved.apps == 1 else 's'} in {saved.path}")
    return 0


def resurrect(as_json: bool = False) -> int:
    """Start the saved apps that are not in the list."""
    return act(Resurrect(), "starting the saved apps", as_json, wake=True)
