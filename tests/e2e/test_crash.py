"""A worker that dies is replaced, and only what it had accepted is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.load import Client, Failed, Load
from tests.pm_command import Pm
from tests.waiting import until

APPS = Path(__file__).parent / "apps"


def test_five_kills_under_load_lose_only_accepted_requests(pm: Pm, port: int) -> None:
    pm("start", APPS / "single.py", "-i", 2, "--", port)
    with Load(port) as load:
        for turn in range(5):
            victim = pm.pids()[turn % 2]
            before = str(victim)
            os.kill(victim, signal.SIGKILL)
            until(
                lambda before=before: (
                    before not in map(str, pm.pids())  # type: ignore[misc]
                    and pm.states() == ["online"] * 2
                ),
                "a replacement that is online",
            )
            load.more(100)
    # One thread a worker: at most one request had been accepted by each that was killed.
    assert len(load.failures) <= 5, load.failures
    assert not [text for text in load.failures if "Refused" in text or "timed out" in text]
    assert sum(entry["pm2_env"]["restart_time"] for entry in pm.workers()) == 5


def test_the_exit_code_is_told(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--name", "web", "--", port)
    first = pm.pids()
    Client(port).get("/")
    with pytest.raises(Failed):
        Client(port).get("/crash")
    until(lambda: pm.pids() != first and pm.states() == ["online"], "a replacement")
    assert "code 3" in pm("describe", "web").out
