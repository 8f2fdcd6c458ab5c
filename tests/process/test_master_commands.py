"""A master by its control socket: what each command leads to."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.load import Client
from tests.ports import free_port, is_open
from tests.process.engine import Engine, spec_of
from tests.processes import is_alive
from tests.waiting import until

SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
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


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A plain single-threaded server, to be broken by tests."""
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return script


def test_want_scales_up_and_down(server: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(server, port), slots=1) as engine:
        (first,) = engine.online(1)
        assert engine.call("want", slots=[0, 1, 2]).error is None
        pids = engine.online(3)
        assert pids[0] == first
        client = Client(port)
        assert [int(client.get()) for _ in range(9)] == 3 * [int(client.get()) for _ in range(3)]
        assert engine.call("want", slots=[0]).error is None
        assert engine.online(1) == [first]
        assert not any(map(is_alive, pids[1:]))


def test_restart_changes_every_pid_and_keeps_the_listener(server: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(server, port), slots=2) as engine:
        before = engine.online(2)
        inode = os.fstat(next(iter(engine.kept.values()))).st_ino
        done = engine.call("restart")
        assert done.error is None
        assert not set(engine.online(2)) & set(before)
        assert os.fstat(next(iter(engine.kept.values()))).st_ino == inode
        assert Client(port).get()


def test_a_reset_is_told_before_its_answer(server: Path, tmp_path: Path) -> None:
    def restarts() -> int:
        return engine.status.workers[0].restarts if engine.status else 0

    with Engine(tmp_path / "home", spec_of(server, free_port())) as engine:
        (pid,) = engine.online(1)
        os.kill(pid, signal.SIGKILL)
        engine.wait(lambda: restarts() == 1 and engine.states() == ["online"], "replaced")
        assert engine.call("reset").error is None
        assert restarts() == 0


def test_a_refused_reload_leaves_the_old_alone(server: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(server, port), slots=2) as engine:
        before = engine.online(2)
        server.write_text("print('new code')\nif True\n")
        error = engine.call("reload").error
        assert error is not None
        assert error.message.startswith("reload refused: ")
        assert "SyntaxError" in "\n".join(error.lines)
        assert engine.online(2) == before
        server.write_text(SERVER)
        assert engine.call("reload").error is None
        assert not set(engine.online(2)) & set(before)


def test_sigusr2_reloads(server: Path, tmp_path: Path) -> None:
    with Engine(tmp_path / "home", spec_of(server, free_port()), slots=1) as engine:
        before = engine.online(1)
        os.kill(engine.master.pid, signal.SIGUSR2)
        engine.wait(lambda: engine.pids() not in ([], before), "another worker")
        engine.online(1)
        until(lambda: not is_alive(before[0]), "the old worker gone")


def test_stop_releases_the_port_and_ends_the_master(server: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(server, port), slots=2) as engine:
        pids = engine.online(2)
        assert is_open(port)
        assert engine.call("stop").error is None
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            sock.listen()
        engine.master.wait(10)
        assert engine.master.returncode == 0
        assert not any(map(is_alive, pids))


def test_a_busy_port_is_named(server: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with Engine(tmp_path / "home", spec_of(server, port), slots=0) as engine:
            error = engine.call("want", slots=[0]).error
            assert error is not None
            assert f"port {port} is in use by pid {os.getpid()}" in error.message
            assert "Address already in use" in "\n".join(error.lines)


def test_a_crash_is_followed_by_a_replacement(server: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(server, port), slots=2) as engine:
        first, second = engine.online(2)
        os.kill(first, signal.SIGKILL)
        engine.wait(lambda: engine.pids() != [first, second], "a replacement")
        pids = engine.online(2)
        assert pids[1] == second
        assert first not in pids
        assert engine.status is not None
        assert [worker.restarts for worker in engine.status.workers] == [1, 0]


def test_too_many_crashes_give_up_with_a_reason(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import sys\nprint('because', file=sys.stderr)\nsys.exit(3)\n")
    spec = spec_of(script, max_restarts=2)
    with Engine(tmp_path / "home", spec) as engine:
        engine.wait(lambda: engine.states() == ["errored"], "errored")
        assert engine.status is not None
        (worker,) = engine.status.workers
        assert "max_restarts 2" in worker.reason
        assert worker.exit_code == 3
        assert engine.kinds().count("exit") == 3


def test_a_new_master_serves_on_the_listeners_of_a_dead_one(server: Path, tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(server, port, kill_timeout=2.0)
    old = Engine(tmp_path / "home", spec, slots=1)
    (worker,) = old.online(1)
    old.wait(lambda: old.kept, "listeners kept")
    kept = tuple(old.kept.items())
    os.kill(old.master.pid, signal.SIGKILL)
    old.master.wait()
    waiting = socket.create_connection(("127.0.0.1", port), 5)
    waiting.sendall(b"GET / HTTP/1.0\r\n\r\n")
    with Engine(tmp_path / "home", spec, slots=1, keep=kept) as engine:
        (replacement,) = engine.online(1)
        answer = waiting.makefile("rb").read()
        assert int(answer.split()[-1]) == replacement
        until(lambda: not is_alive(worker), "the warden has ended the old worker")
    waiting.close()
    old.close()


def test_nobody_knows_the_nonce(server: Path, tmp_path: Path) -> None:
    with Engine(tmp_path / "home", spec_of(server, free_port())) as engine:
        engine.online(1)
        engine.send("hello", nonce="guessed")
        until(engine.is_cut_off, "cut off")
        os.kill(engine.master.pid, signal.SIGTERM)
        engine.master.wait(10)


@pytest.mark.parametrize("code", [0, 3])
def test_a_job_that_others_wait_for_is_done_when_it_has_ended(code: int, tmp_path: Path) -> None:
    script, gate = tmp_path / "job.py", tmp_path / "gate"
    os.mkfifo(gate)
    script.write_text(
        f"import sys\nopen({str(gate)!r}).read()\nsys.exit('so it ends' if {code} else 0)\n"
    )
    spec = spec_of(script, autorestart=False)
    with Engine(tmp_path / "home", spec) as engine:
        wanted = engine.send("want", slots=[0], complete=True)
        engine.online(1)
        gate.open("w").close()
        done = engine.result(wanted)
        assert engine.status is not None
        (worker,) = engine.status.workers
        if code:
            assert done.error is not None
            assert "before it was completed" in done.error.message
            assert done.error.lines == ("so it ends",)
            assert engine.states() == ["errored"]
        else:
            assert done.text.startswith("exit code 0 after")
            assert worker.over
