"""Daemon, master and template may die: the app serves on, and nothing is doubled."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.processes import is_alive, marked
from tests.waiting import until

APPS = Path(__file__).parent / "apps"


def test_the_next_daemon_finds_the_same_workers(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    pm("start", APPS / "talks.py")
    pm("stop", "talks")
    before = {entry["pm_id"]: entry["pid"] for entry in pm.workers()}
    with Load(port) as load:
        pm.kill_daemon()
        load.more(100)
        assert {entry["pm_id"]: entry["pid"] for entry in pm.workers()} == before
        assert pm.states("talks") == ["stopped"]
        pm("reload", "web")
        load.more(100)
    assert load.failures == []
    assert pm.states("web") == ["online"] * 2


def test_an_app_outlives_its_master(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    before = pm.pids()
    master = pm.app("web")["master_pid"]
    with Load(port) as load:
        os.kill(master, signal.SIGKILL)
        until(
            lambda: (
                pm.app("web")["master_pid"] not in (0, master) and pm.states() == ["online"] * 2
            ),
            "a new master with online workers",
            30,
        )
        load.more(100)
    assert not [text for text in load.failures if "Refused" in text], load.failures
    until(lambda: not any(map(is_alive, before)) or pm.pids() == before, "no doubles", 30)
    client = Client(port)
    assert {int(client.get()) for _ in range(8)} == set(pm.pids())


def test_workers_whose_master_and_template_are_dead_hold_up_nobody(pm: Pm, port: int) -> None:
    options = ("-i", 2, "--name", "web", "--kill-timeout", 60)
    pm("start", APPS / "threaded.py", *options, "--", port)
    left = pm.pids()
    master, daemon = pm.app("web")["master_pid"], pm.daemon_pid
    apps = {pid for pid, command in marked(str(pm.home)).items() if "bootstrap.py" in command}
    (template,) = apps.difference(left)
    os.kill(master, signal.SIGSTOP)  # or it would make another template
    for pid in (daemon, template, master):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, (daemon, template, master))), "all three dead")
    assert all(map(is_alive, left))
    until(lambda: pm.states() == ["online"] * 2, "the next daemon has started it anew", 40)
    assert not any(map(is_alive, left))
    assert {int(Client(port).get()) for _ in range(8)} == set(pm.pids())


def test_a_template_is_replaced(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    survivor = pm.pids()[1]
    apps = {pid for pid, command in marked(str(pm.home)).items() if "bootstrap.py" in command}
    (template,) = apps.difference(pm.pids())
    with Load(port) as load:
        os.kill(template, signal.SIGKILL)
        until(lambda: not is_alive(template), "the template dead")
        load.more(100)
        victim = pm.pids()[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in pm.pids() and pm.states() == ["online"] * 2, "a replacement")
    assert not [text for text in load.failures if "Refused" in text], load.failures
    assert pm.pids()[1] == survivor
