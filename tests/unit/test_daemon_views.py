"""What is shown of an app in each situation, and how a master's deaths are judged."""

from __future__ import annotations

import pytest

from daemon.masters.deaths import MOST_IN_A_ROW, STABLE_AFTER, Deaths
from daemon.metrics import Usage
from daemon.records.history import History
from daemon.records.record import Record, Slot
from daemon.views import Facts, app_view, how_online, only, with_usage
from pm.control import Status
from pm.model import AppSpec, ListenerView, State, WorkerView

RECORD = Record(AppSpec("web", "/app.py", "/", instances=2), (Slot(0, 4), Slot(1, 5)), 7.0)
PORT = ListenerView("127.0.0.1", 80, "ipv4")


def status(*workers: WorkerView) -> Status:
    return Status(99, "nonce", 3, workers, (PORT,), ("a note",))


def states(record: Record, facts: Facts) -> list[State]:
    view = app_view(record, facts)
    return [view.state, *(worker.state for worker in view.workers)]


def test_a_running_app() -> None:
    said = status(WorkerView(0, state=State.ONLINE, pid=11), WorkerView(1, state=State.LAUNCHING))
    view = app_view(RECORD, Facts("/h", said, master=99, history=History({}, {0: 2})))
    assert (view.state, view.wanted, view.generation) == (State.ONLINE, State.ONLINE, 3)
    assert [(w.id, w.restarts) for w in view.workers] == [(4, 2), (5, 0)]
    assert (view.listeners, view.notes, view.master_pid) == ((PORT,), ("a note",), 99)
    assert view.out_file == "/h/logs/web-out.log"


def test_slots_that_the_master_has_not_spoken_of_yet() -> None:
    assert states(RECORD, Facts("/h", master=99)) == [State.LAUNCHING] * 3


def test_without_a_master_nothing_runs() -> None:
    seen = {0: WorkerView(0, state=State.ONLINE, pid=11, exit_code=1, restarts=3)}
    waiting = Facts("/h", status(*seen.values()), history=History(seen, {}))
    assert states(RECORD, waiting) == [State.WAITING] * 3
    view = app_view(RECORD, waiting)
    assert (view.workers[0].pid, view.workers[0].exit_code, view.workers[0].restarts) == (0, 1, 3)
    assert view.listeners == ()


def test_an_app_that_was_given_up() -> None:
    given_up = Facts("/h", fault="its master died")
    assert states(RECORD, given_up) == [State.ERRORED] * 3
    assert app_view(RECORD, given_up).reason == "its master died"


def test_errored_workers_give_the_app_their_reason() -> None:
    said = status(WorkerView(0, state=State.ERRORED, reason="boom"), WorkerView(1))
    view = app_view(RECORD, Facts("/h", said, master=99))
    assert (view.state, view.reason) == (State.ERRORED, "boom")


def test_a_worker_that_leaves_a_removed_slot_is_shown_without_an_id() -> None:
    said = status(WorkerView(7, state=State.DRAINING, pid=12))
    view = app_view(RECORD, Facts("/h", said, master=99))
    assert [(w.slot, w.id) for w in view.workers] == [(0, 4), (1, 5), (7, -1)]


def test_one_slot_alone_with_what_it_uses() -> None:
    said = status(WorkerView(0, state=State.ONLINE, pid=11))
    view = only(app_view(RECORD, Facts("/h", said, master=99)), (0,))
    (worker,) = with_usage(view, {11: Usage(12.5, 1000)}).workers
    assert (worker.id, worker.cpu, worker.memory) == (4, 12.5, 1000)


@pytest.mark.parametrize(
    ("workers", "listeners", "said"),
    [
        (1, (PORT,), "1 worker on 127.0.0.1:80"),
        (2, (ListenerView("::", 80, "ipv6"), PORT), "2 workers on [::]:80, 127.0.0.1:80"),
        (2, (), "2 workers"),
    ],
)
def test_how_an_app_is_online(workers: int, listeners: tuple[ListenerView, ...], said: str) -> None:
    assert how_online(workers, listeners) == said


def test_a_master_is_replaced_at_once_then_later_and_later_then_never() -> None:
    deaths, delays = Deaths(), []
    for _ in range(MOST_IN_A_ROW):
        deaths = deaths.another(lived=0.1)
        assert not deaths.given_up
        delays.append(deaths.delay)
    assert delays == [0.0, 0.1, 0.2, 0.4, 0.8]
    assert deaths.another(lived=0.1).given_up
    assert deaths.another(lived=STABLE_AFTER) == Deaths(1)
