"""A limit on memory: what counts, who is replaced, and what is not done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pm.master.workers.memory import bound_of, used_by
from tests.load import Client, Load
from tests.ports import free_port
from tests.process.engine import Engine, spec_of

APP = Path(__file__).parent / "apps" / "grows.py"
LIMIT = 80 << 20


def notes(engine: Engine, kind: str) -> list[str]:
    """Return the reasons of the events of a kind."""
    return [h.event.reason for h in engine.events if h.event.kind == kind]


def test_only_the_worker_that_has_grown_is_replaced_and_nobody_waits(tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APP, port, max_memory_restart=LIMIT, preload=("decimal",))
    with Engine(tmp_path / "home", spec, slots=2) as engine:
        before = engine.online(2)
        with Load(port, clients=2) as load:
            grown = int(Client(port).get("/child/120"))  # a child's memory is its worker's
            engine.wait(lambda: "note" in engine.kinds(), "it is over the limit, and young")
            assert "is the limit too low?" in notes(engine, "note")[0]
            engine.wait(lambda: grown not in engine.online(2), "it is replaced", 40)
            load.more(50)
        assert load.failures == []
        after = engine.online(2)
        slot = before.index(grown)
        assert after[1 - slot] == before[1 - slot]
        (reason,) = notes(engine, "restart")
        assert "over max_memory_restart (80 MB)" in reason
        assert engine.status is not None
        shown = engine.status.workers[slot]
        assert (shown.restarts, shown.generation) == (1, 1)
        assert "over max_memory_restart" in shown.reason


def test_of_an_app_that_does_not_listen_the_old_leaves_first(tmp_path: Path) -> None:
    spec = spec_of(APP, 0, 120, max_memory_restart=LIMIT)
    with Engine(tmp_path / "home", spec) as engine:
        (before,) = engine.online(1)
        engine.wait(lambda: engine.pids() not in ([before], [0]), "it is replaced", 40)
        kinds = [kind for kind in engine.kinds() if kind in ("restart", "exit", "start")]
        assert kinds[:4] == ["start", "restart", "exit", "start"]


SHARES = """
import os, sys, time
held = bytearray(os.urandom(1 << 20) * 60)
pids = [os.fork() or time.sleep(1000) for _ in range(3)]
print(*pids, flush=True)
time.sleep(1000)
"""


def test_pages_that_processes_share_are_counted_once_among_them() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SHARES], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        try:
            assert parent.stdout is not None
            pids = [int(word) for word in parent.stdout.readline().split()]
            for pid in pids:
                assert bound_of(pid) > 60 << 20
                assert 15 << 20 < used_by(pid) < 30 << 20
            assert 60 << 20 < used_by(parent.pid) < 100 << 20
        finally:
            os.killpg(parent.pid, signal.SIGKILL)
