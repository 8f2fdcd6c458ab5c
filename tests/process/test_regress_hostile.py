"""What an app does to its master, by malice or by the hundred: the master lives, and keeps no fd.

Each test holds a bug that once was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.load import Client
from tests.ports import free_port
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
CHILDREN = 80
FEW = 12
"""Boards that may wait to be dropped, and a connection under way."""


def fds(engine: Engine) -> int:
    """Return how many files the master holds."""
    return len(os.listdir(f"/proc/{engine.master.pid}/fd"))


def memory(engine: Engine) -> int:
    """Return how many KiB the master uses."""
    status = Path(f"/proc/{engine.master.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@contextmanager
def attacked(home: Path, way: str) -> Iterator[Engine]:
    """Run an app that has done that to the master."""
    spec = spec_of(APPS / "hostile.py", way, min_uptime=0.1, kill_timeout=1.0)
    with Engine(home, spec) as engine:
        engine.online(1)
        held = fds(engine)
        assert engine.call("signal", signal="SIGUSR1").error is None
        engine.wait(lambda: engine.out.exists() and "done" in engine.out.read_text(), "attacked")
        assert engine.call("hello").error is None
        until(lambda: fds(engine) <= held, f"not more than {held} fds")
        assert memory(engine) < 150 << 10
        yield engine


@pytest.mark.parametrize(
    "way",
    [
        "deep", "infinite", "no_board", "small_board", "shrunk", "unknown_child", "no_socket",
        "no_message", "mailboxes", "mail", "requests", "hoard",
    ],
)  # fmt: skip
def test_a_message_that_makes_no_sense(way: str, tmp_path: Path) -> None:
    with attacked(tmp_path / "home", way) as engine:
        before = engine.pids()
        assert engine.call("restart").error is None
        assert engine.online(1) != before


def test_an_app_that_closes_what_it_does_not_know_is_reloaded(tmp_path: Path) -> None:
    with attacked(tmp_path / "home", "closed") as engine:
        before = engine.pids()
        assert engine.call("reload").error is None
        assert engine.online(1) != before


def test_too_many_listeners_are_refused_to_the_app(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "many.py", port)) as engine:
        (pid,) = engine.online(1)
        until(lambda: engine.out.read_text() == "200 EMFILE\n", "the 201st is refused")
        assert Client(port).get() == str(pid)
        engine.wait(lambda: len(engine.kept) == 200, "the daemon keeps them all")


def test_boards_of_ended_children_are_dropped(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "generations.py", port)) as engine:
        engine.online(1)
        held = fds(engine)
        answers = {Client(port).get() for _ in range(CHILDREN)}
        assert len(answers) == CHILDREN
        assert fds(engine) <= held + FEW
