"""A reload replaces every worker and loses no request; broken code is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.load import Load
from tests.pm_command import Pm
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
KINDS = pytest.mark.parametrize("keepalive", [False, True], ids=["new", "keepalive"])


@pytest.mark.long
@KINDS
@pytest.mark.parametrize("app", ["threaded.py", "uvicorn_server.py", "aiohttp_server.py"])
def test_ten_reloads_under_load_lose_nothing(pm: Pm, port: int, app: str, keepalive: bool) -> None:
    pm("start", APPS / app, "-i", 2, "--name", "web", "--", port)
    with Load(port, keepalive=keepalive) as load:
        for _ in range(10):
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
    from tests.load import Client
    from tests.ports import free_port, is_open

    script = tmp_path / "web.py"
    text = (APPS / "threaded.py").read_text()
    script.write_text(text)
    pm("start", script, "-i", 2, "--", port)
    other = free_port()
    script.write_text(text.replace("int(sys.argv[1])", str(other)))
    pm("reload", "web")
    assert int(Client(other).get()) in pm.pids()
    until(lambda: not is_open(port), "the old port closed")
