"""Apps of another user: what they are, what they can still do, and what they cannot."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests import strangers
from tests.load import Client
from tests.ports import free_port, is_open
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
pytestmark = strangers.as_root


@pytest.fixture(scope="module")
def public() -> Iterator[Path]:
    """A folder that the user may read, with pm and the apps."""
    with strangers.open_folder() as folder:
        strangers.copy_of_pm(folder)
        for name in ("who", "whose", "escapes", "forges", "unixserver"):
            shutil.copyfile(APPS / f"{name}.py", folder / f"{name}.py")
            (folder / f"{name}.py").chmod(0o644)
        yield folder


@contextmanager
def running(
    home: Path, public: Path, script: str, *args: object, slots: int = 1, **fields: Any
) -> Iterator[Engine]:
    """Run an app as the user."""
    known: dict[str, Any] = {"interpreter": strangers.interpreter(), "user": strangers.USER}
    spec = spec_of(public / script, *args, **(known | fields))
    with Engine(home, spec, slots, master=public / "pm" / "master" / "__main__.py") as engine:
        yield engine


def says(engine: Engine, words: str) -> bool:
    """True once the app has printed that."""
    return engine.out.exists() and words in engine.out.read_text()


def facts(port: int) -> dict[str, Any]:
    """Return what the app says of itself."""
    found: dict[str, Any] = json.loads(Client(port).get())
    return found


def check_that_it_is_the_user(found: dict[str, Any]) -> None:
    """Nothing of root is left in any of its ids, and none of the ways back is open."""
    user = strangers.user()
    assert found["Uid"].split() == [str(user.pw_uid)] * 4
    assert found["Gid"].split() == [str(user.pw_gid)] * 4
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    assert sorted(map(int, found["Groups"].split())) == sorted(set(groups))
    assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}
    back = dict(found["back"])
    assert {back.pop("stdout"), back.pop("stderr")} == {"done"}
    assert set(back.values()) <= {"Operation not permitted", "Permission denied"}, back
    assert found["env"] == {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}


MODES: dict[str, dict[str, Any]] = {
    "cluster": {},
    "preloaded": {"preload": ("whose",)},
    "fork": {"exec_mode": "fork"},
    "ready": {"exec_mode": "fork", "wait_ready": True},
}


@pytest.mark.parametrize("mode", MODES)
def test_an_app_runs_as_its_user_for_good(mode: str, tmp_path: Path, public: Path) -> None:
    port = free_port()
    args = (port, "say") if mode == "ready" else (port,)
    with running(tmp_path / "home", public, "who.py", *args, umask=0o027, **MODES[mode]) as engine:
        engine.online(1)
        if mode == "preloaded":  # a spare, which was forked ahead of need
            (before,) = engine.pids()
            os.kill(before, signal.SIGKILL)
            engine.wait(lambda: before not in engine.online(1), "another worker")
        until(lambda: is_open(port), "it listens")
        found = facts(port)
        check_that_it_is_the_user(found)
        assert found["preloaded"] == strangers.user().pw_uid
        assert found["Umask"] == "0027"
        assert found["ppid"] == engine.master.pid
        assert os.stat(f"/proc/{engine.master.pid}").st_uid == 0
        until(lambda: says(engine, "an app speaks"), "its log")


def test_a_group_of_its_own_and_variables_that_were_set(tmp_path: Path, public: Path) -> None:
    port = free_port()
    env = {"PATH": os.defpath, "HOME": "/home/app", "USER": "me"}
    more: dict[str, Any] = {"group": "daemon", "env": env, "env_set": ("HOME",)}
    with running(tmp_path / "home", public, "who.py", port, **more) as engine:
        engine.online(1)
        found = facts(port)
        assert set(found["Gid"].split()) == {"1"}
        assert "1" in found["Groups"].split()
        assert found["env"]["HOME"] == "/home/app"
        assert found["env"]["USER"] == strangers.USER


def privileged_port() -> int:
    """Return a free port that only root may bind."""
    for port in range(900, 1023):
        with suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port below 1023")


def test_the_master_binds_a_privileged_port_that_the_spec_names(
    tmp_path: Path, public: Path
) -> None:
    port = privileged_port()
    with running(tmp_path / "home", public, "who.py", port, slots=2, ports=(port,)) as engine:
        engine.online(2)
        check_that_it_is_the_user(facts(port))
        assert engine.call("reload").error is None
        check_that_it_is_the_user(facts(port))


def test_a_privileged_port_that_is_not_named(tmp_path: Path, public: Path) -> None:
    port = privileged_port()
    with running(tmp_path / "home", public, "who.py", port, ports=(port + 1,)) as engine:
        error = engine.call("want", slots=[0]).error
        assert error is not None
        assert f"cannot bind 127.0.0.1:{port}: Permission denied" in error.message
        assert f"ports = [{port}]" in error.hint


@pytest.mark.parametrize("way", ["port", "packets"])
def test_the_master_binds_nothing_that_the_app_may_not(
    way: str, tmp_path: Path, public: Path
) -> None:
    with running(tmp_path / "home", public, "escapes.py", way, privileged_port()) as engine:
        engine.online(1)
        engine.wait(lambda: says(engine, "Permission denied"), "a refusal")


def test_no_file_of_another_is_removed_for_an_app(tmp_path: Path, public: Path) -> None:
    path = str(tmp_path / "of-root")
    with socket.socket(socket.AF_UNIX) as of_root:
        of_root.bind(path)
        with running(tmp_path / "home", public, "escapes.py", "unix", path) as engine:
            engine.wait(lambda: says(engine, "kept"), "it took the name")
        assert os.path.exists(path)


def test_its_own_unix_socket_is_removed(tmp_path: Path, public: Path) -> None:
    with strangers.open_folder() as folder:
        folder.chmod(0o777)
        path = str(folder / "sock")
        with running(tmp_path / "home", public, "unixserver.py", path, "naive") as engine:
            engine.online(1)
            assert os.stat(path).st_uid == strangers.user().pw_uid
        assert not os.path.exists(path)


FORGED = ('{"do": "forked", "id": ID, "pid": PID}', '{"do": "forked", "id": 77, "pid": 1}', "[3]")


@pytest.mark.parametrize("forged", FORGED)
def test_a_template_cannot_have_another_process_signalled(
    forged: str, tmp_path: Path, public: Path
) -> None:
    bystander = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        env = {"PATH": os.defpath, "FORGED": forged.replace("PID", str(bystander.pid))}
        more: dict[str, Any] = {"preload": ("forges",), "env": env, "kill_timeout": 0.1}
        # it is not launched before it is asked for: its first failure is the one that is told
        with running(tmp_path / "home", public, "who.py", free_port(), slots=0, **more) as engine:
            error = engine.call("want", slots=[0]).error
            assert error is not None
            assert engine.call("hello").error is None
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_user_that_is_gone_by_now(tmp_path: Path, public: Path) -> None:
    with running(tmp_path / "home", public, "who.py", free_port(), user="no-such-user") as engine:
        error = engine.call("want", slots=[0]).error
        assert error is not None
        assert "there is no user `no-such-user`" in error.message
