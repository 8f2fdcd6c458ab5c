"""The real daemon, with a fake master in place of the real one, and without a fork server.

FIRST_DELAY in its environment is how long it waits before it replaces a master that has died for
the second time, in seconds.
"""

from __future__ import annotations

import os
import sys
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.abspath(os.path.join(HERE, "..", "..", ".."))

import daemon.main  # noqa: E402

COMMAND = (sys.executable, os.path.join(HERE, "fake_master.py"))

if __name__ == "__main__":
    delay = float(os.environ.get("FIRST_DELAY", "0.1"))
    with (
        mock.patch("daemon.main.master_command", return_value=COMMAND),
        mock.patch("daemon.masters.spawner.Spawner.warm_up"),
        mock.patch("daemon.masters.deaths._FIRST_DELAY", delay),
    ):
        sys.exit(daemon.main.main())
