"""Unix listeners in the rotation: the path answers at every moment, whoever removes its file."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.load import TIMEOUT, Client, Load
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "unixserver.py"
WAYS = ("careful", "naive", "renames")


class Caller(Client):
    """One connection at a time to a unix socket."""

    def __init__(self, path: str, keepalive: bool = False) -> None:
        super().__init__(0, keepalive)
        self.address = path

    def connect(self) -> socket.socket:
        """Open a connection."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT)
        sock.connect(self.address)
        return sock


@contextmanager
def serving(folder: Path, way: str = "careful", slots: int = 2) -> Iterator[tuple[Engine, str]]:
    """Run the server in so many workers; gives its path too."""
    path = str(folder / "sock")
    spec = spec_of(APP, path, way, umask=0o027)
    with Engine(folder / "home", spec, slots=slots) as engine:
        engine.online(slots)
        yield engine, path


def asked(path: str, times: int) -> Counter[str]:
    """Return who answered, each time over a new connection."""
    return Counter(Caller(path).get() for _ in range(times))


@pytest.mark.parametrize("way", WAYS)
def test_workers_share_a_path_in_turn(way: str, tmp_path: Path) -> None:
    with serving(tmp_path, way) as (engine, path):
        assert asked(path, 20) == {str(pid): 10 for pid in engine.pids()}
        (view,) = engine.status.listeners if engine.status else ()
        assert (view.family, view.address, view.port) == ("unix", path, 0)
        mode = {"careful": 0o666, "naive": 0o750, "renames": 0o660}[way]
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
        assert sorted(os.listdir(tmp_path)) == ["home", "sock"]
    assert not os.path.exists(path), "a stop removes the file"


@pytest.mark.parametrize("way", WAYS)
def test_no_client_is_refused_while_workers_are_replaced(way: str, tmp_path: Path) -> None:
    with serving(tmp_path, way) as (engine, path):
        with Load(0, 4, make=lambda: Caller(path)) as load:
            for _ in range(5):
                assert engine.call("reload").error is None
                load.more(20)
        assert load.failures == []
        killed = engine.online(2)[0]
        os.kill(killed, signal.SIGKILL)
        assert asked(path, 10).total() == 10
        engine.wait(lambda: killed not in engine.pids(), "a replacement")
        pids = engine.online(2)
        assert asked(path, 10) == {str(pid): 5 for pid in pids}


def test_a_spawned_child_serves_in_the_place_of_its_worker(tmp_path: Path) -> None:
    with serving(tmp_path, "spawns") as (engine, path):
        served = asked(path, 8)
        assert list(served.values()) == [4, 4]
        assert not set(served) & set(map(str, engine.pids()))
        assert sorted(os.listdir(tmp_path)) == ["home", "sock"]


def test_idle_connections_move_to_the_next_worker(tmp_path: Path) -> None:
    with serving(tmp_path, slots=1) as (engine, path):
        client = Caller(path, keepalive=True)
        old = client.get()
        assert engine.call("reload").error is None
        (new,) = engine.online(1)
        assert (client.get(), str(new) != old) == (str(new), True)
        client.close()


def test_a_path_that_somebody_else_removed_is_bound_by_the_next_worker(tmp_path: Path) -> None:
    with serving(tmp_path) as (engine, path), socket.socket(socket.AF_UNIX) as early:
        early.connect(path)
        os.unlink(path)
        assert engine.call("reload").error is None
        pids = engine.online(2)
        assert asked(path, 4) == {str(pid): 2 for pid in pids}
        early.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert early.recv(100).startswith(b"HTTP/1.1 200")


def test_a_stale_file_does_not_prevent_a_start(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "sock"))
        sock.listen()
    with serving(tmp_path, "naive") as (engine, path):
        assert asked(path, 4) == {str(pid): 2 for pid in engine.pids()}


def test_a_living_programs_path_is_refused_and_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "sock"))
        sock.listen()
        spec = spec_of(APP, tmp_path / "sock", "naive")
        with Engine(tmp_path / "home", spec) as engine:
            error = engine.call("want", slots=(0,)).error
            assert error is not None
            assert f"{tmp_path}/sock is in use by pid {os.getpid()}" in error.message
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "sock"))


def test_the_next_master_has_the_path_and_removes_its_file(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    spec = spec_of(APP, path)
    old = Engine(tmp_path / "home", spec, slots=2)
    workers = old.online(2)
    old.wait(lambda: old.kept, "listeners kept")
    keep = tuple((key, os.dup(fd)) for key, fd in old.kept.items())
    old.master.kill()
    until(lambda: old.master.poll() is not None, "the master is dead")
    with Engine(tmp_path / "home2", spec, slots=2, keep=keep) as engine:
        with Load(0, 2, make=lambda: Caller(path)) as load:
            pids = engine.online(2)
            until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "old gone")
            load.more(10)
        assert load.failures == []
        assert set(asked(path, 4)) == {str(pid) for pid in pids}
    old.close()
    for _, fd in keep:
        os.close(fd)
    assert not os.path.exists(path)
