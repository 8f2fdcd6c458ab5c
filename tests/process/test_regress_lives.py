"""Lives of workers, templates and slots: each test holds a bug that once was."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pm.model import Mode, Target
from tests.load import Client
from tests.ports import free_port, is_open
from tests.process.engine import PATIENCE, Engine, spec_of
from tests.process.handing import Bench, own_loop, run_until
from tests.processes import is_alive
from tests.pythons import PYTHONS
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
TALKER = APPS / "talker.py"
HANGS = """
import os, signal
with open("hanging.new", "w") as file:
    file.write(str(os.getpid()))
os.rename("hanging.new", "hanging")
signal.pause()
"""
THREADS = """
import signal, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""

SLOW_TEMPLATE = """
import os, time
plain = os.waitpid
def waitpid(pid, options):
    result = plain(pid, options)
    while not os.path.exists("accepts"):
        time.sleep(0.002)
    return result
os.waitpid = waitpid
"""
TELLS_NOTHING = """
import os, signal, sys
Template = next(m for n, m in sys.modules.items() if n.endswith("worker.template")).Template
plain = Template._tell
def tell(self, message):
    if message["do"] == "forked" and not os.path.exists("once"):
        open("once", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    plain(self, message)
Template._tell = tell
"""
QUICK_WORKER = """
import select, socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    server.setblocking(False)
    select.select([server], [], [])
    try:
        server.accept()
    except BlockingIOError:
        open("accepts", "w").close()
    select.select([], [], [])
"""
READY_WORKER = """
import os, select, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
open("accepts", "w").close()
select.select([], [], [])
"""


def children(pid: int) -> set[int]:
    """Return the living children of a process."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(word) for word in words if is_alive(int(word))}


def templates(engine: Engine) -> set[int]:
    """Return the master's children that are no workers."""
    return children(engine.master.pid) - set(engine.pids())


def settled(engine: Engine, slots: int) -> None:
    """Wait until exactly so many workers are online, and one template is left."""

    def done() -> bool:
        online = engine.states().count("online")
        return online == slots and len(engine.pids()) - engine.pids().count(0) == slots

    engine.wait(done, f"{slots} online")
    engine.wait(lambda: len(templates(engine)) == 1, "one template left")


def generations(engine: Engine) -> set[int]:
    """Return the generations of the living workers."""
    assert engine.status is not None
    return {worker.generation for worker in engine.status.workers if worker.pid}


# Templates.


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Fields of a spec whose preload never ends; its template's pid comes in `hanging`."""
    (tmp_path / "hangs.py").write_text(HANGS)
    (tmp_path / "app.py").write_text("")
    yield {"preload": ("hangs",), "listen_timeout": 0.5, "kill_timeout": 0.3}
    hanging = tmp_path / "hanging"
    if hanging.exists() and is_alive(pid := int(hanging.read_text())):  # the test has failed
        os.kill(pid, signal.SIGKILL)


def test_a_preload_that_hangs_is_not_ready(hanging: dict[str, Any], tmp_path: Path) -> None:
    with Engine(tmp_path / "home", spec_of(tmp_path / "app.py", **hanging), slots=0) as engine:
        error = engine.call("want", slots=[0]).error
        assert error is not None
        assert error.code == "not-ready"
        assert "not ready within 0.5 s" in error.message
        until(lambda: not children(engine.master.pid), "the template gone")


def test_a_preload_that_hangs_ends_with_the_master(hanging: dict[str, Any], tmp_path: Path) -> None:
    fields = hanging | {"listen_timeout": 60.0}
    with Engine(tmp_path / "home", spec_of(tmp_path / "app.py", **fields), slots=1) as engine:
        until((tmp_path / "hanging").exists, "the template hangs")
        engine.master.kill()
        pid = int((tmp_path / "hanging").read_text())
        until(lambda: not is_alive(pid), "the template gone")


def test_a_preload_with_threads_leaves_one_template(tmp_path: Path) -> None:
    (tmp_path / "threads.py").write_text(THREADS)
    script = tmp_path / "app.py"
    script.write_text(TALKER.read_text())
    spec = spec_of(script, free_port(), preload=("threads",))
    with Engine(tmp_path / "home", spec) as engine:
        engine.online(1)
        for _ in range(4):
            assert engine.call("reload").error is None
        settled(engine, 1)


@pytest.mark.parametrize(("app", "says"), [(QUICK_WORKER, False), (READY_WORKER, True)])
def test_a_worker_that_is_ready_before_its_template_has_told_its_pid(
    app: str, says: bool, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW_TEMPLATE)
    (tmp_path / "app.py").write_text(app)
    spec = spec_of(tmp_path / "app.py", free_port(), preload=("slow",), wait_ready=says)
    with Engine(tmp_path / "home", spec) as engine:
        engine.online()


def test_a_worker_of_which_its_template_could_not_tell_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(TELLS_NOTHING)
    script = tmp_path / "app.py"
    script.write_text("import os, time\nopen(str(os.getpid()), 'w').close()\ntime.sleep(1000)\n")

    def living() -> list[int]:
        return [
            int(p.name) for p in tmp_path.iterdir() if p.name.isdigit() and is_alive(int(p.name))
        ]

    with Engine(tmp_path / "home", spec_of(script, preload=("tells",), kill_timeout=2.0)) as engine:
        until((tmp_path / "once").exists, "its template is dead")
        engine.wait(lambda: "online" in engine.kinds(), "another one")
        until(lambda: living() == engine.online(1), "nobody else")


def test_no_folder_to_run_in(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "gone"
    folder.mkdir()
    with Engine(tmp_path / "home", spec_of(TALKER, port, cwd=str(folder))) as engine:
        (worker,) = engine.online(1)
        (template,) = templates(engine)
        folder.rmdir()
        os.kill(template, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
        engine.wait(lambda: engine.states() == ["errored"], "errored")
        until(lambda: not is_open(port), "the port released")


def test_a_start_that_cannot_be_tried_says_why_once_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    app = tmp_path / "app.py"
    app.write_text(f"print('up', flush=True)\n{TALKER.read_text()}")
    with Engine(tmp_path / "home", spec_of(app, free_port(), cwd=str(folder))) as engine:
        (worker,) = engine.online(1)
        os.kill(worker, signal.SIGKILL)
        engine.wait(lambda: engine.kinds().count("online") == 2, "replaced")
        folder.rmdir()
        error = engine.call("restart").error
        assert error is not None
        assert error.message == f"cannot run in {folder}: No such file or directory"
        assert not error.lines, "what a worker before it said explains nothing"
        assert engine.kinds().count("errored") == 1


# Commands in order.


@pytest.mark.parametrize(
    ("op", "slots", "expected"), [("want", [0], 1), ("want", [0, 1, 2], 3), ("restart", None, 2)]
)
def test_a_reload_by_signal_and_a_command_at_once(
    op: str, slots: list[int] | None, expected: int, tmp_path: Path
) -> None:
    with Engine(tmp_path / "home", spec_of(TALKER, free_port()), slots=2) as engine:
        before = engine.online(2)
        os.kill(engine.master.pid, signal.SIGUSR2)
        engine.wait(lambda: "reload" in engine.kinds(), "the reload begun")
        assert engine.call(op, slots=slots).error is None
        engine.wait(lambda: not set(engine.pids()) & set(before), "other workers")
        settled(engine, expected)
        assert len(generations(engine)) == 1


@pytest.mark.parametrize("max_surge", [0, 1])
def test_a_slot_in_backoff_goes_on_after_a_refused_reload(max_surge: int, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("die")
    fields = {"restart_delay": 0.5, "min_uptime": 0.1, "max_surge": max_surge}
    spec = spec_of(APPS / "obedient.py", word, **fields)
    with Engine(tmp_path / "home", spec) as engine:
        engine.wait(lambda: engine.states() == ["waiting restart"], "in backoff")
        error = engine.call("reload").error
        assert error is not None
        assert "reload refused" in error.message
        word.write_text("stay")
        engine.online(1)


def test_a_new_slot_has_the_newest_generation(tmp_path: Path) -> None:
    with Engine(tmp_path / "home", spec_of(TALKER, free_port()), slots=2) as engine:
        engine.online(2)
        assert engine.call("want", slots=[0]).error is None
        assert engine.call("restart", slots=[0]).error is None
        assert engine.call("want", slots=[0, 1]).error is None
        engine.online(2)
        assert generations(engine) == {2}


# Starts.


def test_what_ends_at_once_is_a_failed_start(tmp_path: Path) -> None:
    spec = spec_of("/bin/ls", target=Target.COMMAND, exec_mode=Mode.FORK, cwd=str(tmp_path))
    for at in range(8):
        with Engine(tmp_path / f"home{at}", spec) as engine:
            error = engine.call("want", slots=[0]).error
            assert error is not None, f"start {at}"
            assert "exit code 0 before it was ready" in error.message


def test_an_exit_with_a_stop_exit_code_is_a_stopped_app(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("")
    spec = spec_of(script, stop_exit_codes=(0,))
    with Engine(tmp_path / "home", spec, slots=0) as engine:
        assert engine.call("want", slots=[0]).error is None
        engine.wait(lambda: engine.states() == ["stopped"], "stopped")


def test_three_workers_that_try_a_port_before_they_bind_it(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as gate:
        gate.settimeout(PATIENCE)
        spec = spec_of(APPS / "probing.py", port, gate.getsockname()[1])
        engine = stack.enter_context(Engine(tmp_path / "home", spec, slots=3))
        lines: dict[bytes, socket.socket] = {}
        for _ in range(3):
            line, _ = gate.accept()
            stack.enter_context(line)
            line.settimeout(PATIENCE)
            lines[line.recv(1)] = line
        assert {line.recv(1) for line in lines.values()} == {b"."}
        for at in range(3):
            for _, line in sorted(lines.items()):
                line.sendall(b".")
                assert at == 2 or line.recv(1) == b".", "a step done, before the next begins"
        pids = engine.online(3)
        assert {int(Client(port).get()) for _ in range(3)} == set(pids)


def test_a_connection_is_counted_once() -> None:
    with own_loop() as loop:
        bench = Bench(loop)
        bench.worker("stuck")
        bench.worker("busy")
        bench.connect(8)
        with pytest.MonkeyPatch.context() as nobody_is_late:
            nobody_is_late.setattr("pm.master.sockets.lane.PATIENCE", 60.0)
            run_until(loop, lambda: sum(bench.given("stuck", "busy")) == 8, "handed over")
        bench.serve(8, "busy")
        assert bench.given("stuck", "busy") == [0, 8]
        bench.close()


# What an app does to its own process.


@pytest.mark.parametrize("how", ["closerange", "close"])
@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_an_app_that_closes_all_it_does_not_know(python: str, how: str, tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APPS / "closes_all.py", port, how, interpreter=python)
    with Engine(tmp_path / "home", spec, slots=2) as engine:
        engine.online(2)
        assert Client(port).get() == "hi"
        until(lambda: engine.out.read_text() == "closed\n" * 2, "its own it has closed")
        assert engine.call("reload").error is None
        engine.online(2)
    assert engine.error.read_text() == ""
