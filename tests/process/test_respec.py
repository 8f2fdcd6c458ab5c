"""Another spec for a master that runs: every key reaches it at a reload, or nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pm.codec import to_plain
from pm.model import AppSpec, Scheduling
from pm.record import replace
from tests.load import Client, Load
from tests.ports import free_port, is_open
from tests.process.engine import Engine, spec_of
from tests.waiting import until

SERVER = """
import http.server, os, sys
print(os.environ.get("WORD"), flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.environ.get('WORD')} {os.getcwd()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(http.server.HTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
BOT = (
    "import os, time\nwith open('seen', 'a') as file:\n    print('{}', file=file)\ntime.sleep(99)\n"
)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return script


def reload(engine: Engine, spec: AppSpec, slots: int) -> str:
    """Reload with another spec; returns what was wrong."""
    done = engine.call("reload", slots=list(range(slots)), spec=to_plain(spec))
    return done.error.message if done.error else ""


def test_each_part_of_the_spec_changes_without_a_gap(server: Path, tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "elsewhere"
    folder.mkdir()
    old = spec_of(server, port)
    new = replace(
        old, env={**old.env, "WORD": "new"}, cwd=str(folder), out_file=str(tmp_path / "new.log"),
        scheduling=Scheduling.LEAST_CONNECTIONS, queue_depth=2,
    )  # fmt: skip
    with Engine(tmp_path / "home", old, slots=2) as engine:
        engine.online(2)
        with Load(port) as load:
            assert reload(engine, new, 3) == ""
            engine.online(3)
            seen = load.answers[f"new {folder}"]
            load.more(100)
            assert load.answers[f"new {folder}"] >= seen + 90
        assert load.failures == []
        assert set(load.answers) == {f"None {tmp_path}", f"new {folder}"}
        assert engine.status is not None
        assert [one.served for one in engine.status.listeners] == ["least-connections"]
        path = tmp_path / "new.log"
        until(lambda: path.exists(), "the new log")
        before = engine.out.read_text()
        assert before.split() == ["None"] * 2 + ["new"] * before.count("new")
        assert engine.call("restart").error is None
        lines = 6 - before.count("new")
        until(lambda: path.read_text() == "new\n" * lines, "all further lines in the new log")
        assert engine.out.read_text() == before


def test_another_port_replaces_the_old_one(server: Path, tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    spec = spec_of(server, port)
    with Engine(tmp_path / "home", spec, slots=1) as engine:
        engine.online(1)
        assert reload(engine, replace(spec, args=(str(other),)), 1) == ""
        assert Client(other).get()
        until(lambda: not is_open(port), "the old port closed")


def test_what_was_refused_leaves_everything_as_it_was(server: Path, tmp_path: Path) -> None:
    port = free_port()
    old = spec_of(server, port)
    broken = replace(old, args=("no port",), out_file=str(tmp_path / "new.log"))
    with Engine(tmp_path / "home", old, slots=2) as engine:
        before = engine.online(2)
        with Load(port) as load:
            assert reload(engine, broken, 4).startswith("reload refused: ")
            assert engine.online(2) == before
        assert load.failures == []
        assert engine.call("restart").error is None
        engine.online(2)
        assert Client(port).get() == f"None {tmp_path}"
        assert not (tmp_path / "new.log").exists()


def test_slots_that_are_new_go_again_if_a_later_one_fails(server: Path, tmp_path: Path) -> None:
    server.write_text(SERVER.replace("print(", "os.environ['PM_SLOT'] != '3' or 1/0; print(", 1))
    spec = spec_of(server, free_port())
    with Engine(tmp_path / "home", spec, slots=1) as engine:
        engine.online(1)
        assert reload(engine, spec, 4).startswith("reload refused: ")
        engine.online(1)


def test_an_app_that_does_not_listen_goes_back_to_its_old_spec(tmp_path: Path) -> None:
    script, broken = tmp_path / "bot.py", tmp_path / "broken.py"
    script.write_text(BOT.format("old"))
    broken.write_text("1 / 0\n")
    old = spec_of(script)
    with Engine(tmp_path / "home", old) as engine:
        before = engine.online(1)
        error = engine.call("reload", spec=to_plain(replace(old, script=str(broken)))).error
        assert error is not None
        assert error.hint == "the old workers go on: started again"
        assert engine.online(1) != before
        assert (tmp_path / "seen").read_text() == "old\n" * 2


def test_a_restart_closes_the_port_that_nobody_opens_any_more(server: Path, tmp_path: Path) -> None:
    before, after = free_port(), free_port()
    old = spec_of(server, before)
    with Engine(tmp_path / "home", old, slots=2) as engine:
        engine.online(2)
        assert engine.call("restart", slots=[0]).error is None
        assert is_open(before), "a restart of some slots only"
        new = replace(old, args=(str(after),))
        assert engine.call("restart", slots=[0, 1], spec=to_plain(new)).error is None
        assert (is_open(before), is_open(after)) == (False, True)
