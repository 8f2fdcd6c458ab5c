"""Connections reach the workers in strict rotation, and pass by a worker that is stuck."""

from __future__ import annotations

import select
import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.load import Client
from tests.pm_command import Pm

APPS = Path(__file__).parent / "apps"


def test_forty_requests_reach_four_workers_in_repeating_order(pm: Pm, port: int) -> None:
    pm("start", APPS / "single.py", "-i", 4, "--", port)
    client = Client(port)
    answers = [client.get() for _ in range(40)]
    assert sorted(Counter(answers).values()) == [10] * 4
    assert answers == answers[:4] * 10
    assert sorted(map(int, answers[:4])) == sorted(pm.pids())


def test_a_sleeping_worker_holds_up_nobody_else(pm: Pm, port: int) -> None:
    pm("start", APPS / "single.py", "-i", 2, "--", port)
    client, asleep = Client(port), Client(port).connect()
    asleep.sendall(b"GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n")
    answers: list[str] = []
    while len(answers) < 100:
        answer = client.get()
        if select.select([asleep], [], [], 0)[0]:
            break  # it is awake again, and may have answered this one too
        answers.append(answer)
    slept = b""
    while data := asleep.recv(4096):
        slept += data
    asleep.close()
    assert len(answers) > 8, "the requests waited for the sleeping worker"
    assert {*answers, slept.split()[-1].decode()} == set(map(str, pm.pids()))
    assert len(set(answers)) == 1


@pytest.mark.parametrize("app", ["threaded.py", "uvicorn_server.py"])
def test_a_burst_of_keep_alive_connections_is_spread_evenly(pm: Pm, port: int, app: str) -> None:
    pm("start", APPS / app, "-i", 2, "--", port)
    socks = [socket.socket() for _ in range(64)]
    for sock in socks:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
    answers = []
    for sock in socks:
        sock.settimeout(10)
        while True:
            try:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                break
            except BlockingIOError:
                continue
    for sock in socks:
        data = b""
        while b"\r\n\r\n" not in data or not data.split(b"\r\n\r\n", 1)[1]:
            more = sock.recv(4096)
            assert more, "closed before the answer"
            data += more
        answers.append(data.split(b"\r\n\r\n", 1)[1])
        sock.close()
    assert sorted(Counter(answers).values()) == [32, 32]


SERVERS = sorted(p.name for p in APPS.glob("*_server.py"))


@pytest.mark.parametrize("app", [*SERVERS, "threaded.py"])
def test_servers_run_unchanged(pm: Pm, port: int, app: str) -> None:
    pm("start", APPS / app, "-i", 2, "--", port)
    client = Client(port)
    answers = [client.get() for _ in range(8)]
    assert answers == answers[:2] * 4
    assert sorted(map(int, answers[:2])) == sorted(pm.pids())
