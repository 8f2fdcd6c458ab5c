"""kill -9 of one of two workers: until a process that was not there before answers."""

from __future__ import annotations

import os
import signal
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ..bench import Bench
from ..figures import Result, Table, median, spread
from ..lineup import measured, tolerated
from ..probe import Load
from ..processes import wait_until
from ..subjects import Subject, gunicorn, plain, under_pm

KILLS = 5
STABLE = 1.3
"""Seconds that a worker lives before it is killed: an earlier exit would count as unstable."""


@dataclass
class Found:
    """What the kills of one server came to."""

    times: list[float] = field(default_factory=list)
    """ms until the replacement answered."""
    requests: int = 0
    failed: int = 0


def measure(bench: Bench) -> Result:
    """Measure a light app and one with a heavy import."""
    result = Result()
    _light(bench, result)
    _heavy(bench, result)
    return result


def _light(bench: Bench, result: Result) -> None:
    table = _table(result, "a light app")
    _fill(bench, table, under_pm(bench, "pm", "hello.py", 2))
    options = ("--preload", "http.server")
    found = _fill(bench, table, under_pm(bench, "pm, preload", "hello.py", 2, *options))
    _judge(result, "light app, preload", found, 12)
    measured(bench, table, lambda peer: _fill(bench, table, peer.open(bench, peer.label, 2)))


def _heavy(bench: Bench, result: Result) -> None:
    table = _table(result, "an app with a heavy import")
    by_hand = _by_hand(bench)
    table.notes.append(f"By hand this app answers {by_hand:.0f} ms after its start.")
    found = _fill(bench, table, under_pm(bench, "pm", "heavy.py", 2))
    _judge(result, "heavy app, no preload", found, by_hand + 15)
    options = ("--preload", "http.server", "--preload", "heavy_modules")
    found = _fill(bench, table, under_pm(bench, "pm, preload", "heavy.py", 2, *options))
    _judge(result, "heavy app, preload", found, 12)
    if bench.has("gunicorn"):
        for words in (("heavy_wsgi:app",), ("--preload", "heavy_wsgi:app")):
            label = " ".join(("gunicorn", *words[:-1]))
            with tolerated(table, label):
                _fill(bench, table, gunicorn(bench, label, 2, *words))


def _table(result: Result, what: str) -> Table:
    return result.table(
        f"kill -9 of one of 2 workers, {what}",
        "server", "replacement answers after, ms", "failed requests", "requests",
    )  # fmt: skip


def _fill(bench: Bench, table: Table, opened: AbstractContextManager[Subject]) -> Found:
    with opened as subject:
        found = Found()
        for _ in range(bench.runs(KILLS)):
            _kill(subject, found)
        table.add(subject.label, spread(found.times), str(found.failed), str(found.requests))
    return found


def _kill(subject: Subject, found: Found) -> None:
    """Kill one worker under light load: two clients, each request a new connection."""
    with Load(subject.port, clients=2, pause=0.001) as load:
        end = time.monotonic() + STABLE
        wait_until(lambda: time.monotonic() > end and len(load.answered) > 1, 30, "two workers")
        known = set(load.answered)
        fresh = load.watch_for_others(known)
        begin = time.monotonic()
        os.kill(load.last, signal.SIGKILL)
        if not fresh.wait(20):
            raise TimeoutError(f"{subject.label}: no replacement within 20 s")
        found.times.append((load.seen_at - begin) * 1000)
    found.requests += load.requests
    found.failed += load.lost


def _by_hand(bench: Bench) -> float:
    times = []
    for _ in range(bench.runs(3) + 1):
        begin = time.monotonic()
        with plain(bench, "", "heavy.py"):
            times.append((time.monotonic() - begin) * 1000)
    return median(times[1:])


def _judge(result: Result, what: str, found: Found, limit: float) -> None:
    result.judge(
        f"kill -9 to replacement, {what}", f"<= {limit:.0f} ms",
        f"{spread(found.times)} ms", median(found.times) <= limit,
    )  # fmt: skip
