"""A reload replaces every worker and loses no request; broken code is refused."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import venv
from pathlib import Path

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.ports import free_port, is_open
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
RELOADS = 5
"""The benchmarks do more, and count 20,000 requests."""
KINDS = pytest.mark.parametrize("keepalive", [False, True], ids=["new", "keepalive"])


@pytest.mark.long
@KINDS
@pytest.mark.parametrize("app", ["threaded.py", "uvicorn_server.py", "aiohttp_server.py"])
def test_reloads_under_load_lose_nothing(pm: Pm, port: int, app: str, keepalive: bool) -> None:
    pm("start", APPS / app, "-i", 2, "--name", "web", "--", port)
    with Load(port, keepalive=keepalive) as load:
        for _ in range(RELOADS):
            before = set(pm.pids())
            pm("reload", "web")
            after = set(pm.pids())
            assert len(after) == 2
            assert not before & after
            load.more(100)
    assert load.failures == []
    assert pm.states() == ["online"] * 2


def test_new_code_is_served_after_a_reload(pm: Pm, port: int, tmp_path: Path) -> None:
    script = tmp_path / "web.py"
    text = (APPS / "threaded.py").read_text()
    script.write_text(text)
    pm("start", script, "-i", 2, "--", port)
    script.write_text(text.replace("str(os.getpid())", "('new', str(os.getpid()))[0]"))
    with Load(port) as load:
        pm("reload", "web")
        seen = load.answers["new"]
        until(lambda: load.answers["new"] > seen + 20, "answers of the new code")
    assert load.failures == []


def test_a_syntax_error_is_refused_and_the_old_code_stays(
    pm: Pm, port: int, tmp_path: Path
) -> None:
    script = tmp_path / "web.py"
    shutil.copy(APPS / "threaded.py", script)
    pm("start", script, "-i", 2, "--", port)
    before = pm.pids()
    script.write_text("def broken(:\n")
    with Load(port) as load:
        result = pm("reload", "web", code=None)
        load.more(200)
    assert result.code not in (0, 2)
    assert "SyntaxError" in result.out + result.err
    assert "def broken(:" in result.out + result.err
    assert pm.pids() == before
    assert pm.states() == ["online"] * 2
    assert load.failures == []


def test_code_that_listens_but_never_accepts_is_refused(pm: Pm, port: int, tmp_path: Path) -> None:
    script = tmp_path / "web.py"
    shutil.copy(APPS / "threaded.py", script)
    pm("start", script, "-i", 2, "--listen-timeout", "2s", "--", port)
    before = pm.pids()
    script.write_text(
        "import signal, socket, sys\n"
        "sock = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "signal.pause()\n"
    )
    with Load(port) as load:
        result = pm("reload", "web", code=None)
        load.more(200)
    assert result.code not in (0, 2)
    assert pm.pids() == before
    assert load.failures == []


def test_new_code_may_move_to_another_port(pm: Pm, port: int, tmp_path: Path) -> None:
    script = tmp_path / "web.py"
    text = (APPS / "threaded.py").read_text()
    script.write_text(text)
    pm("start", script, "-i", 2, "--", port)
    other = free_port()
    script.write_text(text.replace("int(sys.argv[1])", str(other)))
    pm("reload", "web")
    assert int(Client(other).get()) in pm.pids()
    until(lambda: not is_open(port), "the old port closed")


def test_a_signal_to_the_master_reloads_too(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-i", 2, "--name", "web", "--", port)
    before = set(pm.pids())
    with Load(port) as load:
        os.kill(pm.app("web")["master_pid"], signal.SIGUSR2)
        until(lambda: not before & set(pm.pids()) and pm.states() == ["online"] * 2, "new workers")
    assert load.failures == []


GUNICORN = Path(sys.executable).with_name("gunicorn")
WSGI = """
import os

with open("loaded", "a") as file:
    print(os.getpid(), file=file)

def app(environ, start_response):
    body = str(os.getppid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


def test_a_server_that_forks_itself_is_refused_if_its_app_fails(
    pm: Pm, port: int, tmp_path: Path
) -> None:
    module = tmp_path / "wsgi_app.py"
    module.write_text(WSGI)
    pm("start", GUNICORN, "-i", 2, "--", "-w", 2, "-b", f"127.0.0.1:{port}", "wsgi_app:app")
    before = pm.pids()
    assert int(Client(port).get()) in before
    # Each of its own workers imports the app, some of them after another one serves.
    loaded = pm.cwd / "loaded"
    until(lambda: len(loaded.read_text().split()) == 4, "the code loaded by all")
    module.write_text("raise RuntimeError('the new code is broken')")
    with Load(port) as load:
        result = pm("reload", "gunicorn", code=None)
        load.more(100)
    assert result.code not in (0, 2)
    assert "Worker failed to boot" in result.out + result.err
    assert pm.pids() == before
    assert load.failures == []
    module.write_text(WSGI)
    pm("reload", "gunicorn")
    assert set(pm.pids()).isdisjoint(before)


def test_a_link_to_a_release_is_followed_once_a_generation(
    pm: Pm, port: int, tmp_path: Path
) -> None:
    code = (APPS / "threaded.py").read_text()
    body = "__import__('late').TEXT + ' ' + __file__ + ' ' + sys.prefix"
    for name in ("a", "b"):
        venv.create(tmp_path / name / ".venv", symlinks=True)
        (tmp_path / name / "late.py").write_text(f"TEXT = {name!r}\n")
        (tmp_path / name / "web.py").write_text(code.replace("str(os.getpid())", f"({body})"))
    current = tmp_path / "current"
    current.symlink_to("a")
    pm("start", "web.py", "--cwd", current, "-i", 2, "--", port)
    current.unlink()
    current.symlink_to("b")
    old, new = (f"{name} {tmp_path}/{name}/web.py {tmp_path}/{name}/.venv" for name in ("a", "b"))
    assert Client(port).get() == old
    (pid, _) = pm.pids()
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in pm.pids() and pm.states() == ["online"] * 2, "a replacement")
    assert {Client(port).get() for _ in range(4)} == {old}
    pm("reload", "web")
    assert {Client(port).get() for _ in range(4)} == {new}
