"""queue_depth: how many connections wait with a worker, the others in the kernel's backlog."""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.process.engine import Engine, spec_of
from tests.waiting import until

THREADED = Path(__file__).parents[1] / "e2e" / "apps" / "threaded.py"
PATIENT = Path(__file__).parent / "patient_master.py"
CLIENTS = 6
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def given(engine: Engine) -> int:
    """Return how many connections the worker has got."""
    engine.call("count")
    assert engine.status is not None
    return engine.status.workers[0].connections


@pytest.mark.parametrize(("depth", "held"), [(2, 2), (64, CLIENTS)])
def test_a_worker_holds_no_more_than_its_queue_depth(
    pm_home: Path, port: int, depth: int, held: int
) -> None:
    spec = spec_of(THREADED, port, queue_depth=depth)
    with Engine(pm_home, spec, master=PATIENT) as engine, ExitStack() as clients:
        (pid,) = engine.online()
        os.kill(pid, signal.SIGSTOP)
        socks = [
            clients.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            for _ in range(CLIENTS)
        ]
        until(lambda: given(engine) == held, "connections with the worker")
        (listener,) = engine.kept.values()
        assert bool(select.select([listener], [], [], 0)[0]) == (held < CLIENTS)
        os.kill(pid, signal.SIGCONT)
        for sock in socks:
            sock.sendall(REQUEST)
            assert sock.recv(1024).startswith(b"HTTP/1.1 200")
        assert given(engine) == CLIENTS
