"""Children that a worker starts itself: they serve its connections, and nobody else is changed."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.load import Client, everybody
from tests.ports import free_port
from tests.process.engine import PATIENCE, Engine, spec_of
from tests.process.twice import Run, both
from tests.processes import is_alive
from tests.pythons import PYTHONS
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
ENDS = [next(iter(PYTHONS)), list(PYTHONS)[-1]]
"""The oldest and the newest."""


def ask(port: int) -> dict[str, Any]:
    """Return what the process that answers says of itself."""
    said: dict[str, Any] = json.loads(Client(port).get())
    return said


def prefork(home: Path, port: int, *args: object, slots: int = 1, version: str = ENDS[1]) -> Engine:
    """Start the program that serves with children."""
    spec = spec_of(
        APPS / "prefork.py", port, *args,
        interpreter=PYTHONS[version], listen_timeout=60.0,
    )  # fmt: skip
    return Engine(home, spec, slots, listens=True)


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pickled_listener_is_a_listener(
    tmp_path: Path, port: int, method: str, version: str
) -> None:
    with prefork(tmp_path, port, method, 1, "", version=version) as engine:
        (worker,) = engine.online()
        found = ask(port)
    assert found.pop("pid") != worker
    assert found.pop("parent") > 1
    assert found == {
        "slot": "0", "family": int(socket.AF_INET), "address": ["127.0.0.1", port],
        "listens": 1, "nodelay": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "serving"),
    [("spawn", 4), ("forkserver", 4), ("fork", 4), ("restart", 2), ("exec", 2)],
)
def test_the_rotation_is_exact_whoever_answers(
    tmp_path: Path, port: int, method: str, serving: int
) -> None:
    with prefork(tmp_path, port, method, 2, "", slots=2) as engine:
        workers = engine.online(2)
        pids = everybody(lambda: ask(port)["pid"], serving)
        slots = [ask(port)["slot"] for _ in range(20)]
    assert [slots[n] != slots[n + 1] for n in range(19)] == [True] * 19
    assert (pids == set(workers)) == (method == "exec")


@pytest.mark.parametrize("version", ENDS)
def test_a_program_that_starts_itself_anew_finds_its_listener(
    tmp_path: Path, port: int, version: str
) -> None:
    with prefork(tmp_path, port, "restart", 1, "inherit", slots=2, version=version) as engine:
        engine.online(2)
        found = [ask(port) for _ in range(6)]
    assert Counter(one["slot"] for one in found) == {"0": 3, "1": 3}
    assert {one["family"] for one in found} == {int(socket.AF_INET)}


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_the_listener_lives_on_in_the_children(tmp_path: Path, port: int, method: str) -> None:
    with prefork(tmp_path, port, method, 1, "close") as engine:
        (worker,) = engine.online()
        child = ask(port)["pid"]
        assert {ask(port)["pid"] for _ in range(5)} == {child} != {worker}


@pytest.mark.parametrize("method", ["spawn", "forkserver", "restart"])
def test_nobody_serves_on_after_the_workers_death(tmp_path: Path, port: int, method: str) -> None:
    with prefork(tmp_path, port, method, 2, "") as engine:
        (worker,) = engine.online()
        orphan = ask(port)["pid"]
        os.kill(worker, signal.SIGKILL)
        engine.wait(lambda: worker not in engine.pids(), "the death is seen")
        (successor,) = engine.online()
        assert ask(port)["pid"] != orphan
        until(lambda: not is_alive(orphan), "the orphan is gone")
        assert successor != worker


def test_a_reload_waits_for_a_child_that_answers(tmp_path: Path, port: int) -> None:
    with prefork(tmp_path, port, "spawn", 2, "") as engine:
        engine.online()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(PATIENCE)
            client.sendall(b"GET / HTTP/1.1\r\n")
            child = engine.said()[0].split()[0]  # it has the beginning
            number = engine.send("reload")
            ready = "slot 0: generation 2 is ready"
            engine.wait(lambda: ready in [h.event.reason for h in engine.events], ready)
            client.sendall(b"\r\n")
            assert f'"pid": {child}' in client.recv(65536).decode()
        assert engine.result(number).error is None


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("how", ["spawn", "forkserver", "subprocess"])
def test_a_child_finds_itself_as_in_plain_python(tmp_path: Path, how: str, version: str) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    run = Run(PYTHONS[version], APPS / "kin.py", (how, "-x", "ü"), ("-W", "ignore", "-B"))
    plain, worker = both(run, folder)
    assert (plain.code, plain.error) == (0, "")
    assert (worker.code, worker.error) == (0, "")
    expected, got = json.loads(plain.out), json.loads(worker.out)
    assert set(got.pop("modules")) >= set(expected.pop("modules"))
    assert got == expected


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(
    "case",
    ["by_queue", "by_pipe", "a_connection", "of_their_own", "dropped", "managed",
     "after_closing_all"],
)  # fmt: skip
def test_sockets_go_to_other_processes_as_in_plain_python(
    tmp_path: Path, port: int, case: str, method: str
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    run = Run(PYTHONS[ENDS[1]], APPS / "sharing.py", (case, str(port), method))
    plain, worker = both(run, folder)
    assert plain.code == 0, plain.error
    assert worker.code == 0, worker.error
    assert worker.out == plain.out


@pytest.mark.parametrize("version", ENDS)
def test_strangers_inherit_nothing(tmp_path: Path, version: str) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    plain, worker = both(Run(PYTHONS[version], APPS / "strangers.py", (str(free_port()),)), folder)
    assert (plain.code, plain.error) == (0, "")
    assert (worker.code, worker.error) == (0, "")
    assert json.loads(worker.out) == json.loads(plain.out)


@pytest.fixture
def port() -> int:
    """A port that nobody has bound."""
    return free_port()
