"""Shared results: computed once for all workers, whatever becomes of who computes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import pm
from tests.process.engine import Engine, spec_of
from tests.process.remote import Refused, Remote
from tests.waiting import until

COUNTER = """
@pm.cluster.shared(ttl={ttl}, patience={patience})
def work(what, **more):
    with open("{file}", "a") as file:
        file.write("x")
    {body}
    return [what, pm.worker.slot, more]
"""


def define(
    app: Remote, file: Path, body: str = "pass", ttl: float = 60, patience: float = 60
) -> None:
    code = COUNTER.format(ttl=ttl, file=file, patience=patience, body=body)
    for slot in range(len(app.pids())):
        app.ask(slot, f"exec({code!r}, globals())")


def counted(file: Path) -> int:
    return len(file.read_text()) if file.exists() else 0


def test_one_worker_computes_for_all(tmp_path: Path) -> None:
    count = tmp_path / "count"
    with Remote(tmp_path, 3) as app:
        define(app, count, "time.sleep(0.3)")
        asked = [app.begin(pid, "work('a', b=1)") for pid in app.pids() for _ in range(2)]
        results = [app.end(file) for file in asked]
        assert all(result == results[0] for result in results)
        assert results[0][0] == "a"
        assert results[0][2] == {"b": 1}
        assert counted(count) == 1
        app.ask(0, "work('other')")
        assert counted(count) == 2


def test_a_result_is_computed_anew_when_its_time_is_up(tmp_path: Path) -> None:
    count = tmp_path / "count"
    with Remote(tmp_path, 2) as app:
        define(app, count, ttl=0.2)
        app.ask(0, "work('a')")
        until(lambda: app.ask(1, "work('a')") and counted(count) > 1, "computed again")


def test_a_large_result_and_one_that_is_too_large(tmp_path: Path) -> None:
    with Remote(tmp_path, 2) as app:
        define(app, tmp_path / "count", "return 'x' * what")
        for slot in range(2):
            assert app.ask(slot, "len(work(900_000))") == 900_000
        assert counted(tmp_path / "count") == 1
        with pytest.raises(Refused, match="MessageTooLarge"):
            app.ask(0, "work(2_000_000)")
        with pytest.raises(Refused, match="TypeError"):
            app.ask(0, "work({1, 2})")


def test_who_dies_while_it_computes_holds_up_nobody(tmp_path: Path) -> None:
    count = tmp_path / "count"
    with Remote(tmp_path, 3) as app:
        define(app, count, "pm.worker.slot or time.sleep(60)")
        first = app.pids()[0]
        app.begin(first, "work('a')")
        until(lambda: counted(count) == 1, "the first computes")
        others = [app.begin(pid, "work('a')") for pid in app.pids()[1:]]
        os.kill(first, signal.SIGKILL)
        results = [app.end(file) for file in others]
        assert results[0] == results[1]
        assert counted(count) == 2


def test_who_takes_too_long_is_overtaken(tmp_path: Path) -> None:
    count, go = tmp_path / "count", tmp_path / "go"
    waits = f"while not pm.worker.slot and not os.path.exists({str(go)!r}): time.sleep(0.01)"
    with Remote(tmp_path, 2) as app:
        define(app, count, waits, patience=0.3)
        slow = app.begin(app.pids()[0], "work('a')")
        until(lambda: counted(count) == 1, "the first computes")
        assert app.ask(1, "work('a')") == ["a", 1, {}]
        go.touch()
        assert app.end(slow) == ["a", 0, {}]


def test_an_exception_is_told_to_those_who_wait_and_not_kept(tmp_path: Path) -> None:
    count, go = tmp_path / "count", tmp_path / "go"
    go.mkdir()
    body = f"while not os.listdir({str(go)!r}): time.sleep(0.01)\n"
    body += f"    if 'fail' in os.listdir({str(go)!r}): raise ValueError('no')"
    with Remote(tmp_path, 2) as app:
        define(app, count, body)

        def sockets() -> int:
            """Count the sockets of the master; files it may just be writing."""
            count = 0
            for fd in Path(f"/proc/{app.master.pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    count += os.readlink(fd).startswith("socket:")
            return count

        first = app.begin(app.pids()[0], "work('a')")
        until(lambda: counted(count) == 1, "the first computes")
        assert app.call("hello").error is None  # the question is dealt with, not only answered
        held = sockets()
        second = app.begin(app.pids()[1], "work('a')")
        until(lambda: sockets() > held, "the second waits")
        (go / "fail").touch()
        with pytest.raises(Refused, match=r"^ValueError: no"):
            app.end(first)
        with pytest.raises(Refused, match="RequestFailed: ValueError: no, in slot 0"):
            app.end(second)
        (go / "fail").rename(go / "succeed")
        assert app.ask(1, "work('a')") == ["a", 1, {}]
        assert counted(count) == 2


LOOP = """
import asyncio, sys
import pm
calls = 0
@pm.cluster.shared(ttl=60)
async def work(n):
    global calls
    calls += 1
    if calls == 4:
        await asyncio.Event().wait()
    await asyncio.sleep(0.05)
    if n < 0:
        raise ValueError(n)
    return {"n": n}
async def main():
    results = await asyncio.gather(*(work(n % 3) for n in range(300)))
    print(calls, results[:4], results[0] is results[3])
    cut = asyncio.ensure_future(work(7))
    while calls < 4:
        await asyncio.sleep(0.01)
    other = asyncio.ensure_future(work(7))
    cut.cancel()
    print(await other, calls)
    print(await asyncio.gather(work(-1), work(-1), return_exceptions=True))
    sys.stdout.flush()
asyncio.run(main())
"""
SAID = """3 [{'n': 0}, {'n': 1}, {'n': 2}, {'n': 0}] False
{'n': 7} 5
[ValueError(-1), ValueError(-1)]
"""


@pytest.mark.parametrize("master", [True, False])
def test_on_an_event_loop(master: bool, tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(LOOP)
    if master:
        with Engine(tmp_path / "home", spec_of(script, autorestart=False)) as engine:
            assert engine.ended() == 0
        assert engine.out.read_text() == SAID
    else:
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, env={"PYTHONPATH": str(root)}, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout == SAID


def test_without_a_master_threads_share() -> None:
    calls: list[int] = []

    @pm.cluster.shared(ttl=60)
    def work(number: int) -> list[int]:
        """Return what it is given."""
        calls.append(number)
        time.sleep(0.05)
        return [number]

    results: list[list[int]] = []
    threads = [threading.Thread(target=lambda: results.append(work(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[5]] * 8
    assert calls == [5]
    assert (work.__name__, work.__doc__) == ("work", "Return what it is given.")
