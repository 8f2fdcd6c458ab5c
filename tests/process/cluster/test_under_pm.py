"""A program that forks its own workers, run by pm like any other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pm.model import Mode
from tests.load import Client, Load
from tests.ports import free_port, is_open
from tests.process.engine import Engine, plain_env, spec_of
from tests.processes import is_alive

PROGRAM = """
import http.server, os, sys
from pm import cluster

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = f"{os.getppid()} {os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

if cluster.is_primary:
    cluster.on("exit", lambda: cluster.fork())
    for _ in range(2):
        cluster.fork()
    cluster.run()
else:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with two workers of its own."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    return script


def who(port: int, count: int) -> list[tuple[int, int]]:
    """Ask so often; returns primary and worker of each answer."""
    answers = [Client(port).get().split() for _ in range(count)]
    return [(int(primary), int(worker)) for primary, worker in answers]


def test_its_primaries_take_turns_and_so_do_their_workers(program: Path, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(program, port), slots=2) as engine:
        primaries = engine.online(2)
        while len({worker for _, worker in who(port, 4)}) < 4:
            pass
        answers = who(port, 12)
        assert answers[4:8] == answers[8:] == answers[:4]
        assert {primary for primary, _ in answers[:2]} == set(primaries)
        with Load(port, clients=4) as load:
            assert engine.call("reload").error is None
            load.more(50)
        assert not load.failures
        assert not any(map(is_alive, primaries))
        assert {primary for primary, _ in who(port, 8)} == set(engine.online(2))
    assert not is_open(port)
    assert not any(is_alive(worker) for _, worker in answers)


def test_it_runs_in_fork_mode(program: Path, tmp_path: Path) -> None:
    port = free_port()
    env = {**plain_env(), "PYTHONPATH": str(ROOT)}
    with Engine(tmp_path / "home", spec_of(program, port, exec_mode=Mode.FORK, env=env)) as engine:
        (primary,) = engine.online(1)
        engine.wait(lambda: is_open(port), "it serves")
        answers = who(port, 8)
        assert {parent for parent, _ in answers} == {primary}
        os.kill(answers[0][1], 9)
        engine.wait(lambda: len({worker for _, worker in who(port, 8)}) == 2, "two again")
    assert not is_open(port)
    assert not any(is_alive(worker) for _, worker in answers)
