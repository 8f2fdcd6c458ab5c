"""Spares: with a preload, the next worker is forked ahead of need."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.load import Client
from tests.ports import free_port
from tests.process.engine import Engine, spec_of
from tests.processes import is_alive
from tests.waiting import until

TALKER = Path(__file__).parent / "apps" / "talker.py"


def others(engine: Engine) -> dict[int, bool]:
    """Return the master's living children that are no workers; True for a template."""
    master = engine.master.pid
    words = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    pids = [int(word) for word in words if is_alive(int(word)) and int(word) not in engine.pids()]
    return {pid: session_of(pid) == pid for pid in pids}


def session_of(pid: int) -> int:
    """Return the session of a process, 0 if it has just gone."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def spare_of(engine: Engine) -> int:
    """Wait for the spare; return its pid."""
    until(lambda: sorted(others(engine).values()) == [False, True], "one template, one spare")
    return next(pid for pid, template in others(engine).items() if not template)


@pytest.fixture
def port() -> int:
    return free_port()


def start(tmp_path: Path, port: int, *preload: str) -> Engine:
    return Engine(tmp_path / "home", spec_of(TALKER, port, preload=preload))


def test_the_spare_replaces_a_killed_worker(tmp_path: Path, port: int) -> None:
    with start(tmp_path, port, "json.tool") as engine:
        (before,) = engine.online()
        for _ in range(3):
            spare = spare_of(engine)
            os.kill(before, signal.SIGKILL)
            engine.wait(lambda spare=spare: engine.pids() == [spare], "the spare is the worker")
            engine.online()
            assert Client(port).get()
            before = spare


def test_without_a_preload_there_is_none(tmp_path: Path, port: int) -> None:
    with start(tmp_path, port) as engine:
        (before,) = engine.online()
        os.kill(before, signal.SIGKILL)
        engine.wait(lambda: engine.pids() not in ([before], [0]), "replaced")
        engine.online()
        assert list(others(engine).values()) == [True]


def test_a_spare_that_has_died_is_no_loss(tmp_path: Path, port: int) -> None:
    with start(tmp_path, port, "json.tool") as engine:
        (before,) = engine.online()
        spare = spare_of(engine)
        os.kill(spare, signal.SIGKILL)
        until(lambda: not is_alive(spare), "the spare gone")
        os.kill(before, signal.SIGKILL)
        engine.wait(lambda: engine.pids() not in ([before], [0]), "replaced")
        engine.online()
        assert Client(port).get()


@pytest.mark.parametrize("who", ["template", "master"])
def test_it_ends_with_its_template(who: str, tmp_path: Path, port: int) -> None:
    with start(tmp_path, port, "json.tool") as engine:
        engine.online()
        spare = spare_of(engine)
        template = next(pid for pid, is_template in others(engine).items() if is_template)
        os.kill(template if who == "template" else engine.master.pid, signal.SIGKILL)
        until(lambda: not is_alive(spare), "the spare gone")
        if who == "template":
            assert Client(port).get()


def test_a_reload_leaves_one(tmp_path: Path, port: int) -> None:
    with start(tmp_path, port, "json.tool") as engine:
        engine.online()
        first = spare_of(engine)
        assert engine.call("reload").error is None
        until(lambda: not is_alive(first), "the old spare gone")
        assert spare_of(engine) != first


LATE_SPARE = """
import os, signal, sys, time
Template = next(m for n, m in sys.modules.items() if n.endswith("worker.template")).Template
stock, tell = Template._stock, Template._tell

def stock_late(self):
    plain = self._leave
    def leave():
        plain()
        with open("spare.part", "w") as file:
            file.write(str(os.getpid()))
        os.rename("spare.part", "spare")
        while not os.path.exists("go"):
            time.sleep(0.01)
    if not os.path.exists("once"):
        self._leave = leave
    return stock(self)

def tell_nothing(self, message):
    if message["do"] == "forked" and os.path.exists("spare") and not os.path.exists("once"):
        open("once", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    tell(self, message)

Template._stock, Template._tell = stock_late, tell_nothing
"""
TELLS_PID = "import os, time\nopen(str(os.getpid()), 'w').close()\ntime.sleep(1000)\n"


def test_a_spare_takes_no_order_that_its_master_has_given_up(tmp_path: Path) -> None:
    """Its template was killed with the order on its way: nobody would have known of the worker."""
    (tmp_path / "late.py").write_text(LATE_SPARE)
    (tmp_path / "app.py").write_text(TELLS_PID)
    spec = spec_of(tmp_path / "app.py", preload=("late",), kill_timeout=2.0)
    with Engine(tmp_path / "home", spec) as engine:
        (first,) = engine.online(1)
        until((tmp_path / "spare").exists, "a spare")
        spare = int((tmp_path / "spare").read_text())
        os.kill(first, signal.SIGKILL)
        until((tmp_path / "once").exists, "the template is dead")
        engine.wait(lambda: engine.kinds().count("online") == 2, "another one")
        (tmp_path / "go").touch()
        until(lambda: not is_alive(spare), "the spare gone")
        assert not (tmp_path / str(spare)).exists(), "it has run the app"
