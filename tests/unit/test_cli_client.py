"""Requests to a daemon that a ROUTER and a PUB of libzmq play."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from cli import spawn
from cli.client import PROTOCOL, NothingRuns, call
from pm import model
from pm.api import Apps, List, Outcome, Report, Stop
from pm.codec import dumps, to_plain
from pm.errors import NoDaemon, NotFound
from pm.model import AppView, Event, Mode, State

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
Serve = Callable[[Answer], None]

WEB = AppView("web", "default", Mode.CLUSTER, State.ONLINE, State.ONLINE, (), "/web.py", 0.0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PM_HOME."""
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def serve(home: Path) -> Iterator[Serve]:
    """Answer one request in a thread: the function turns it into the answer's fields."""
    context = zmq.Context()
    router, events = context.socket(zmq.ROUTER), context.socket(zmq.XPUB)
    folder = os.open(home, os.O_PATH)
    router.setsockopt(zmq.RCVTIMEO, 10_000)
    events.setsockopt(zmq.RCVTIMEO, 10_000)
    router.bind(f"ipc:///proc/self/fd/{folder}/rpc.sock")
    events.bind(f"ipc:///proc/self/fd/{folder}/events.sock")
    threads: list[threading.Thread] = []

    def work(answer: Answer) -> None:
        identity, empty, raw = router.recv_multipart()
        request = json.loads(raw)
        if request["name"] == "stop":
            topic = events.recv()[1:]
            assert topic.decode() == f"progress.{request['id']}"
            for slot in (0, 1):
                event = Event(1.0, "web", "stop", "asked", slot)
                events.send_multipart([topic, dumps(event)])
        fields = answer(request)
        if fields is None:
            router.close(linger=0)
            return
        reply = {"protocol": PROTOCOL, "id": request["id"], "body": None, "error": None, **fields}
        router.send_multipart([identity, empty, json.dumps(reply).encode()])

    def start(answer: Answer) -> None:
        threads.append(threading.Thread(target=work, args=(answer,)))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(10)
    context.destroy(linger=0)
    os.close(folder)


def test_the_protocol_is_the_contract_s() -> None:
    assert PROTOCOL == model.PROTOCOL


def test_the_answer_has_its_type(serve: Serve) -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"body": to_plain(Apps((WEB,)))}

    serve(answer)
    assert call(List(("web",))).apps == (WEB,)
    assert asked[0]["name"] == "list"
    assert asked[0]["protocol"] == PROTOCOL
    assert asked[0]["body"] == {"selectors": ["web"]}


def test_an_error_of_the_daemon_is_raised_as_itself(serve: Serve) -> None:
    error = {"code": "not-found", "message": "no app", "hint": "look", "lines": ["a"]}
    serve(lambda _: {"error": error})
    with pytest.raises(NotFound) as caught:
        call(List(("wbe",)))
    assert (caught.value.hint, caught.value.lines) == ("look", ("a",))


def test_progress_is_shown_before_the_answer(serve: Serve) -> None:
    report = Report((Outcome("web", "stopped"),))
    serve(lambda _: {"body": to_plain(report)})
    seen: list[Event] = []
    assert call(Stop(("web",)), progress=seen.append) == report
    assert [event.slot for event in seen] == [0, 1]


@pytest.mark.parametrize(("theirs", "hint"), [(0, "kill "), (99, "newer pm")])
def test_another_protocol_says_what_to_do(serve: Serve, theirs: int, hint: str) -> None:
    serve(lambda _: {"protocol": theirs, "body": {}})
    with pytest.raises(NoDaemon, match=f"speaks protocol {theirs}, this pm speaks") as caught:
        call(List())
    assert hint in caught.value.hint


def test_an_answer_that_makes_no_sense(serve: Serve) -> None:
    serve(lambda _: {"body": {"apps": [], "surprise": 1}})
    with pytest.raises(NoDaemon, match="makes no sense"):
        call(List())


def test_a_daemon_lost_in_the_middle(serve: Serve) -> None:
    serve(lambda _: None)
    with pytest.raises(NoDaemon, match="went away before it answered"):
        call(List())


@pytest.mark.usefixtures("home")
def test_no_daemon_and_nothing_to_take_care_of() -> None:
    with pytest.raises(NothingRuns, match="no daemon runs in") as caught:
        call(List())
    assert caught.value.exit_code == 3


def test_a_dead_daemon_s_socket_counts_as_none(home: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(home / "rpc.sock"))
    left.close()
    with pytest.raises(NothingRuns):
        call(List())


@pytest.mark.parametrize("left", ["run/web.json", "rpc.sock", "run/of-a-lost-store.json"])
def test_a_daemon_is_woken_for_what_a_dead_one_left(
    home: Path, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(spawn, "spawn", woken.append)
    if "lost" not in left:
        (home / "state.db").touch()
    with pytest.raises(NothingRuns):  # it ended in order: `pm kill`
        call(Stop(("all",)))
    assert woken == []
    if left == "rpc.sock":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(home / left))
    else:
        (home / left).touch()
    with pytest.raises(NoDaemon, match="the daemon started and went away"):
        call(Stop(("all",)))
    assert woken == [str(home)]
