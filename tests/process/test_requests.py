"""Requests from worker to worker, and actions from the shell."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from pm.codec import loads
from pm.control import Results
from tests.process.engine import Engine, spec_of
from tests.process.remote import Refused, Remote
from tests.processes import is_stopped
from tests.waiting import until

ECHO = "pm.on_request(lambda message, sender: [pm.worker.slot, message, sender.slot])"


def ask(slot: int, message: object, timeout: float = 20) -> str:
    return f"pm.cluster.request({slot}, {message!r}, timeout={timeout})"


def test_a_request_is_answered_by_the_worker_of_the_slot(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        app.ask(0, ECHO)
        app.ask(1, ECHO)
        assert app.ask(0, ask(1, {"key": "a"})) == [1, {"key": "a"}, 0]
        assert app.ask(0, ask(0, None)) == [0, None, 0]
        app.ask(1, "pm.on_request(lambda message: 'x' * 900_000)")
        assert app.ask(0, "len(pm.cluster.request(1, 'y' * 900_000))") == 900_000


def test_why_a_request_is_not_answered(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        for request, reason in (
            (ask(1, 1), "the worker of slot 1 answers no requests"),
            (ask(7, 1), "no worker runs in slot 7"),
        ):
            with pytest.raises(Refused, match=f"RequestFailed: {reason}"):
                app.ask(0, request)
        app.ask(1, "pm.on_request(lambda message: 1 // 0)")
        with pytest.raises(Refused, match="RequestFailed: ZeroDivisionError"):
            app.ask(0, ask(1, 1))
        app.ask(1, "pm.on_request(lambda message: {1, 2})")
        with pytest.raises(Refused, match="RequestFailed: TypeError"):
            app.ask(0, ask(1, 1))
        app.ask(1, "pm.on_request(lambda message: 'x' * 2_000_000)")
        with pytest.raises(Refused, match="RequestFailed: MessageTooLarge"):
            app.ask(0, ask(1, 1))
        app.ask(1, "pm.on_request(lambda message: time.sleep(60))")
        with pytest.raises(Refused, match=r"slot 1 has not answered within 0\.2 s"):
            app.ask(0, ask(1, 1, 0.2))


def test_the_death_of_who_is_asked_is_said_at_once(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        app.ask(1, "pm.on_request(lambda message: os.kill(os.getpid(), 9))")
        with pytest.raises(Refused, match=r"slot 1, pid [0-9]+, has died before its answer"):
            app.ask(0, ask(1, 1))


def test_the_number_of_shards_follows_the_slots(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        keys = "[pm.cluster.shard_of(n) for n in range(1000)]"
        before = app.ask(0, keys)
        assert {0, 1} == set(before)
        assert app.call("want", slots=[0, 1, 2]).error is None
        app.online(3)
        after = app.ask(0, keys)
        assert after == app.ask(2, keys)
        assert {a for a, b in zip(after, before, strict=True) if a != b} == {2}
        app.ask(0, f"os.fork() or (print({keys}, flush=True), os._exit(0))")
        assert app.ask(0, "os.wait()[1]") == 0
        until(lambda: str(after) in app.out.read_text(), "the child says the same")


def test_a_child_answers_where_the_worker_itself_does_not(tmp_path: Path) -> None:
    child = "os.fork() or (pm.on_request(lambda m: ['child', m]), print('up', flush=True), "
    child += "time.sleep(60))"
    with Remote(tmp_path, 2, "listen") as app:
        app.ask(1, child)
        until(lambda: "up" in app.out.read_text(), "the child listens")
        assert app.ask(0, ask(1, 5)) == ["child", 5]


LOOP = """
import asyncio, json, sys
import pm
async def main():
    @pm.on_request
    async def answer(message):
        await asyncio.sleep(0.01)
        return message + 1
    print(await asyncio.gather(*(pm.cluster.arequest(0, n) for n in range(300))) ==
          list(range(1, 301)))
    try:
        await pm.cluster.arequest(5, 1)
    except pm.RequestFailed as error:
        print(error)
    sys.stdout.flush()
asyncio.run(main())
"""


def test_requests_on_an_event_loop(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(LOOP)
    with Engine(tmp_path / "home", spec_of(script, autorestart=False)) as engine:
        assert engine.ended() == 0
    assert engine.out.read_text() == "True\nno worker runs in slot 5\n"


def results(app: Remote, **fields: Any) -> list[tuple[int, Any, str]]:
    done = app.call("trigger", **fields)
    assert done.error is None, done.error
    return [(r.slot, r.value, r.error) for r in loads(Results, done.text).results]


def test_an_action_is_called_in_every_worker(tmp_path: Path) -> None:
    with Remote(tmp_path, 3) as app:
        for slot in range(3):
            app.ask(slot, "pm.action('double')(lambda n: n * 2 + pm.worker.slot)")
        app.ask(1, "pm.action('fail')(lambda: {}['a'])")
        app.ask(2, "pm.action('slow')(lambda: time.sleep(60))")
        doubled = [(0, 10, ""), (1, 11, ""), (2, 12, "")]
        assert results(app, action="double", message=5) == doubled
        assert results(app, action="double", message=5, slots=[1]) == doubled[1:2]
        assert results(app, action="fail") == [(1, None, "KeyError: 'a'")]
        assert results(app, action="slow", timeout=0.1) == [
            (2, None, "slot 2 has not answered within 0.1 s")
        ]
        error = app.call("trigger", action="doubl").error
        assert error is not None
        assert error.message.startswith("no worker has an action `doubl`; known: `double`, `fail`")
        assert error.hint == "did you mean `double`?"


def test_a_worker_killed_in_an_action_answers_for_itself(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        for slot in range(2):
            app.ask(slot, "pm.action('end')(lambda: pm.worker.slot and os.kill(os.getpid(), 9))")
        (first, second) = results(app, action="end")
        assert first == (0, 0, "")
        assert "has died before its answer" in second[2]


def test_a_message_from_the_shell(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        error = app.call("message", message={"a": 1}).error
        assert error is not None
        assert error.message == "no worker listens for messages"
        app.ask(0, "listen()")
        done = app.call("message", message={"a": 1})
        assert (done.error, done.text) == (None, "taken by 1 worker, 1 not listening")
        assert app.got(0, 1, "SENDERS") == [[0, -1, 0]]
        assert app.ask(0, "GOT") == [{"a": 1}]


def test_answers_that_are_too_large_together_are_not_sent_on(tmp_path: Path) -> None:
    with Remote(tmp_path, 10) as app:
        for slot in range(10):
            app.ask(slot, "pm.action('much')(lambda: 'x' * 1_000_000)")
        assert {error for _, _, error in results(app, action="much")} == {
            "the answer has 1000002 bytes: too many to be shown"
        }


def test_a_stopped_worker_holds_up_nobody_else(tmp_path: Path) -> None:
    with Remote(tmp_path, 3) as app:
        app.ask(1, ECHO)
        app.ask(2, ECHO)
        pid = app.pids()[1]
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_stopped(pid), "it is stopped")
        waiting = app.begin(app.pids()[0], ask(1, 1, 0.5))
        assert app.ask(2, ask(2, 2)) == [2, 2, 2]
        with pytest.raises(Refused, match=r"slot 1 has not answered within 0\.5 s"):
            app.end(waiting)
        os.kill(pid, signal.SIGCONT)
