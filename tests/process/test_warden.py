"""The template and its master's death, wherever that finds it: no process is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.engine import ROOT, Engine, plain_env, spec_of
from tests.processes import is_stopped, marked
from tests.waiting import until

BOOTSTRAP = ROOT / "pm" / "worker" / "bootstrap.py"


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    """A program that does nothing, for ever; what is left of it is killed."""
    script = tmp_path / "sleeper.py"
    script.write_text("import time\ntime.sleep(600)\n")
    yield script
    for pid in marked(str(script)):
        os.kill(pid, signal.SIGKILL)


def stop(pid: int) -> None:
    """Stop a process, as one is that gets no core."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: is_stopped(pid), f"{pid} stopped")


@pytest.mark.parametrize("forks", ["before", "after"])
def test_a_fork_of_which_the_dead_master_never_heard(
    forks: str, tmp_path: Path, script: Path
) -> None:
    """Of neither the daemon would know the worker: only the warden does."""
    engine = Engine(tmp_path / "home", spec_of(script, min_uptime=0.1), slots=2)
    known = engine.online(2)
    (template,) = set(marked(str(script))) - set(known)
    stop(template)
    os.kill(known[0], signal.SIGKILL)
    engine.wait(lambda: engine.states()[0] == "launching", "a replacement ordered")
    if forks == "before":
        stop(engine.master.pid)
        os.kill(template, signal.SIGCONT)
        until(lambda: set(marked(str(script))) - {template, *known}, "it is there")
    os.kill(engine.master.pid, signal.SIGKILL)
    engine.master.wait()
    os.kill(template, signal.SIGCONT)
    until(lambda: not marked(str(script)), "all have ended")
    engine.close()


def test_a_preload_that_hangs_after_its_masters_death(tmp_path: Path, script: Path) -> None:
    """The master dies before the template has asked to be told of that."""
    app = {
        "name": "sleeper", "target": "script", "script": str(script), "args": [],
        "interpreter_args": [], "preload": [script.stem], "exclusive_ports": [],
        "stop_signal": "SIGTERM", "kill_timeout": 10.0,
    }  # fmt: skip
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        ours.send(json.dumps(app).encode())
        ours.close()
        template = subprocess.Popen(
            [sys.executable, str(BOOTSTRAP), str(theirs.fileno()), "sleeper", str(script)],
            env={**plain_env(), "PYTHONPATH": str(tmp_path)}, cwd=tmp_path,
            pass_fds=(theirs.fileno(),),
        )  # fmt: skip
    try:
        assert template.wait(30) == 0
    finally:
        template.kill()
        template.wait()
