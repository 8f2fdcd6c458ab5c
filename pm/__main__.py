"""The door: runs the CLI or the daemon, installed or from a checkout.

    pm, pmd (scripts) · python -m pm · python .../pm/__main__.py [--daemon]

`daemon` and `cli` are names that others own too, and a user's folder may hold a `pm.py`: so the
door removes its own folder from the path, imports `pm` from beside itself and puts the folder of
our two programs first. By runpy it imports neither of them.
"""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != _HERE]


def cli() -> None:
    """Run the command line, or the daemon if that is the first argument."""
    if sys.argv[1:2] == ["--daemon"]:
        del sys.argv[1]
        daemon()
    else:
        _run("cli")


def daemon() -> None:
    """Run the daemon in the foreground."""
    _run("daemon")


def _run(program: str) -> None:
    import importlib
    import runpy

    sys.path.insert(0, os.path.dirname(_HERE))
    importlib.import_module("pm")
    installed = os.path.join(_HERE, "_app")
    if os.path.isdir(installed):
        sys.path[0] = installed
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    cli()
