"""The master of one app: `python -S -E __main__.py APP CONTROL_FD LISTENER_FD...`.

The bootstrap comes on stdin. With one word only it is the fork server, which becomes the master
of any app when it is asked to.

Stdlib only, single-threaded but for the log thread, and independent of the daemon: when that
dies, the master goes on. The template is started first: it starts up while the master imports.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
sys.path.insert(0, os.path.dirname(os.path.dirname(_HERE)))

from pm.master.spawn import Spawned, spawn_template


def _given() -> list[int]:
    """Return the control socket and the kept listeners."""
    if len(sys.argv) > 2:
        return [int(fd) for fd in sys.argv[2:]]
    from pm.master.forkserver import serve

    return serve()


def _head_start(boot: dict[str, Any]) -> Spawned | None:
    """Start the template of an app that has one; what is wrong with it is said later."""
    if not boot["slots"] or boot["spec"]["exec_mode"] != "cluster":
        return None
    try:
        return spawn_template(boot["spec"])
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    given = _given()
    with open(0, "rb", closefd=False) as bootstrap:
        boot = json.load(bootstrap)
    template = _head_start(boot)

    from pm.master.main import main

    sys.exit(main(boot, given, template))
