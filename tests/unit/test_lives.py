"""When a worker is judged, all that is known of it is of one moment."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pm.master.loop import Loop
from pm.master.questions import Questions
from pm.master.sockets.listeners import Listeners
from pm.master.workers.crew import Crew
from pm.master.workers.life import Life
from pm.master.workers.lives import Lives
from pm.master.workers.readiness import Expected
from pm.master.workers.restart import Exit
from pm.master.workers.worker import Worker
from pm.model import AppSpec, State
from pm.worker import board, parcel
from pm.worker.sockets.conversation import BUSY, IDLE, OPEN


class Clock:
    """A loop without turns, and the time it tells."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def call_at(self, when: float, action: Callable[[], None]) -> Any:
        del when, action
        return SimpleNamespace(cancel=lambda: None)


class Owner:
    """Notes who became ready."""

    def __init__(self) -> None:
        self.ready: list[str] = []

    def expected(self, _: Worker) -> Expected:
        return Expected(listens=False, keys=frozenset())

    def on_ready(self, _: Worker, how: str) -> None:
        self.ready.append(how)

    def on_gone(self, worker: Worker) -> None: ...

    def changed(self) -> None: ...

    def settle_soon(self) -> None: ...


def test_a_slow_look_is_no_time_in_which_a_worker_idles(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the master itself waits for a core between two lines."""
    clock, owner = Clock(), Owner()

    def slowly(*_: object) -> tuple[()]:
        clock.time += 1.0
        return ()

    monkeypatch.setattr("pm.master.workers.lives.now", clock.now)
    monkeypatch.setattr("pm.master.workers.lives.own_ports", slowly)
    load = SimpleNamespace(spec=AppSpec("web", "web.py", "/"), number=1, pid=0)
    worker = Worker(1, 0, cast(Any, load), Life(), pid=os.getpid(), launched=clock.time - 2.0)
    worker.cpu = (0.0, clock.time - 2.0)
    Lives(cast(Any, clock), cast(Any, ()), owner).judge(worker)  # it runs: it is this process
    assert owner.ready == []


@pytest.fixture
def ended() -> Iterator[int]:
    """The pid of a process that has ended, and that its parent does not know of yet."""
    with subprocess.Popen(["/bin/true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        yield process.pid


def test_one_that_has_ended_is_not_ready_however_late_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    """A machine that stands still for seconds has all timers due at once, before any signal."""
    clock, owner = Clock(), Owner()
    monkeypatch.setattr("pm.master.workers.lives.now", clock.now)
    monkeypatch.setattr("pm.master.workers.lives.own_ports", lambda *_: ())
    load = SimpleNamespace(spec=AppSpec("ls", "/bin/ls", "/"), number=1, pid=0)
    worker = Worker(1, 0, cast(Any, load), Life(), pid=ended, launched=clock.time - 60.0)
    Lives(cast(Any, clock), cast(Any, ()), owner).judge(worker)
    assert owner.ready == []


class Page(bytearray):
    """A board on which, after each look, what was there has gone one step further."""

    def __init__(self, *steps: tuple[int, int]) -> None:
        super().__init__(board.SIZE + 4096)
        self._steps = list(steps)
        self._go_on()

    def _go_on(self) -> None:
        if self._steps:
            where, what = self._steps.pop(0)
            self[where] = what

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(key, slice):
            self._go_on()
        return found


@pytest.mark.parametrize("first", [OPEN, IDLE])
def test_a_request_that_comes_between_two_looks_keeps_its_worker(
    monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """It was at rest when busy ones were looked for, and busy when resting ones were."""
    clock, owner = Clock(), Owner()
    monkeypatch.setattr("pm.master.workers.lives.now", clock.now)
    load = SimpleNamespace(spec=AppSpec("web", "web.py", "/"), number=1, pid=0)
    worker = Worker(1, 0, cast(Any, load), Life(State.DRAINING), pid=0, launched=clock.time - 60.0)
    worker.mode, worker.drained_at = board.HAND_OVER, clock.time - 0.5
    worker.pages[0] = cast(Any, Page((7, first), (7, BUSY)))
    Lives(cast(Any, clock), cast(Any, ()), owner).look(worker)
    assert worker.state is State.DRAINING


@pytest.mark.parametrize(("waited", "state"), [(0.9, State.DRAINING), (1.1, State.STOPPING)])
def test_a_connection_that_only_its_worker_can_answer_is_given_time_to_ask(
    monkeypatch: pytest.MonkeyPatch, waited: float, state: State
) -> None:
    """Its request was lost when a busy machine kept the worker from reading it for 25 ms."""
    clock, owner = Clock(), Owner()
    monkeypatch.setattr("pm.master.workers.lives.now", clock.now)
    load = SimpleNamespace(spec=AppSpec("web", "web.py", "/"), number=1, pid=0)
    worker = Worker(1, 0, cast(Any, load), Life(State.DRAINING), pid=0, launched=clock.time - 60.0)
    worker.mode, worker.drained_at = board.FINISH, clock.time - waited
    worker.pages[0] = cast(Any, Page((7, OPEN)))
    Lives(cast(Any, clock), cast(Any, ()), owner).look(worker)
    assert worker.state is state


class Made:
    """A load whose one worker is a process of the test's."""

    number, pid = 1, 0

    def __init__(self, spec: AppSpec) -> None:
        self.spec = spec
        self.fds: list[int] = []

    def fork(self, launch: int, order: dict[str, object], fds: list[int]) -> None:
        del launch, order
        self.fds = fds

    def kill(self) -> None: ...


def test_its_last_words_make_no_worker_ready_that_has_ended_already() -> None:
    """Its end may be seen before the message with which it said, just before, that it is ready."""
    loop, owner = Loop(), Owner()
    listeners = Listeners(loop, 64, lambda *_: None, lambda _: None)
    crew = Crew(loop, listeners, None, owner)
    crew.on_message = Questions(crew, listeners).receive
    load = Made(AppSpec("web", "web.py", "/", wait_ready=True))
    worker = crew.launch(0, load)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        crew.forked(worker.launch, process.pid)
    with socket.socket(fileno=load.fds[0]) as link:
        link.send(parcel.pack({"do": "ready", "pid": process.pid}, b"")[0])
        crew.exited(process.pid, Exit(1))
    assert worker.said_ready
    assert owner.ready == []
    loop.close()
    for fd in load.fds[1:]:
        os.close(fd)
