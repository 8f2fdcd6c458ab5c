"""`pm start` comes back when the app serves, or says why it does not."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load import Client
from tests.pm_command import Pm
from tests.ports import is_open
from tests.pythons import PYTHONS

APPS = Path(__file__).parent / "apps"


def test_the_app_serves_when_the_command_returns(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--", port)
    assert int(Client(port).get()) == pm.pids()[0]


def test_a_busy_port_is_named_with_its_holder(pm: Pm, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        result = pm("start", APPS / "threaded.py", "--", port, code=None)
        assert result.code in (1, 4)
        assert str(port) in result.err
        assert str(os.getpid()) in result.err
    assert pm.states() == ["errored"]


def test_an_app_that_dies_at_once_is_explained(pm: Pm) -> None:
    result = pm("start", APPS / "dies.py", code=None)
    assert result.code in (1, 4)
    assert "ModuleNotFoundError" in result.err
    assert "a_module_that_nobody_has" in result.err
    assert pm.states() == ["errored"]
    assert "exit" in pm("describe", "dies").out


def test_an_app_without_a_port_is_online(pm: Pm) -> None:
    result = pm("start", APPS / "talks.py")
    assert "no port" in result.out + result.err
    assert pm.states() == ["online"]


def test_a_taken_name_is_refused(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--name", "web", "--", port)
    pids = pm.pids()
    result = pm("start", APPS / "talks.py", "--name", "web", code=1)
    assert "web" in result.err
    assert "hint:" in result.err
    assert pm.pids() == pids


def test_a_missing_script_is_refused(pm: Pm, tmp_path: Path) -> None:
    result = pm("start", tmp_path / "nothing.py", code=None)
    assert result.code in (1, 2)
    assert "nothing.py" in result.err
    assert "error:" in result.err


def test_an_unknown_name_gets_a_suggestion(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "--name", "web", "--", port)
    result = pm("stop", "wbe", code=1)
    assert "`wbe`" in result.err
    assert "did you mean `web`?" in result.err


@pytest.mark.parametrize("command", ["stop", "delete"])
def test_the_port_is_free_when_the_command_returns(pm: Pm, port: int, command: str) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    for _ in range(3):
        pm(command, "web")
        assert not is_open(port)
        with socket.create_server(("127.0.0.1", port)):
            pass
        if command == "stop":
            assert pm.states() == ["stopped"] * 2
            pm("start", "web")
        else:
            assert pm.workers() == []
            pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
        assert int(Client(port).get()) in pm.pids()


def test_ten_first_commands_at_once_start_one_daemon(pm: Pm) -> None:
    children = [pm.popen("start", APPS / "talks.py", "--name", f"app{n}") for n in range(10)]
    results = [(child.communicate(timeout=90), child.returncode) for child in children]
    assert [code for _, code in results] == [0] * 10, results
    assert len(pm.workers()) == 10
    assert pm.states() == ["online"] * 10


@pytest.mark.parametrize("shape", ["long", "space", "odd"])
def test_any_path_will_do_for_pm_home(
    shape: str, tmp_path: Path, make_pm: Callable[[Path], Pm], port: int
) -> None:
    name = {"long": "d" * 120, "space": "a home", "odd": "hömé '\"$x"}[shape]
    home = tmp_path / name
    home.mkdir(mode=0o700)
    pm = make_pm(home)
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "a web", "--", port)
    client = Client(port)
    assert len({client.get(), client.get()}) == 2
    pm("reload", "a web")
    assert len({client.get(), client.get()}) == 2


@pytest.mark.parametrize("version", PYTHONS)
def test_the_app_may_use_another_python(pm: Pm, port: int, version: str, tmp_path: Path) -> None:
    script = tmp_path / "web.py"
    text = (APPS / "threaded.py").read_text()
    script.write_text(text.replace("str(os.getpid())", "(sys.version.split()[0])"))
    pm("start", script, "-i", 2, "--interpreter", PYTHONS[version], "--", port)
    assert Client(port).get().startswith(version)
    pm("reload", "web")
    assert Client(port).get().startswith(version)
