"""What a handed-over connection costs the master: its CPU time, user and system, for each."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ..bench import Bench
from ..figures import Result, Table, median, spread
from ..generators import new_connections
from ..lineup import NODE, PEERS, measured
from ..probe import ask
from ..processes import cpu_seconds
from ..subjects import Subject, under_pm

BUDGET = 12
"""Microseconds."""
REQUESTS = 10_000


def measure(bench: Bench) -> Result:
    """Measure with 50 clients at once, and with one that waits for each answer."""
    result = Result()
    table = result.table(
        "CPU time of the master for one connection, microseconds",
        "server", "50 clients", "1 client, one after the other",
    )  # fmt: skip
    script = "uvicorn_server.py" if bench.has("uvicorn") else "hello.py"
    busy = _fill(bench, table, under_pm(bench, f"pm, {script}, 2 workers", script, 2))
    others = {peer.label for peer in PEERS} - {NODE}
    measured(bench, table, lambda p: _fill(bench, table, p.open(bench, p.label, 2)), *others)
    table.notes.append(
        "PM2's daemon accepts and hands over by itself; its figure has all that it does besides."
    )
    result.judge(
        "CPU of the master for one connection", f"< {BUDGET} us", f"{spread(busy, 1)} us",
        median(busy) < BUDGET,
    )  # fmt: skip
    return result


def _fill(bench: Bench, table: Table, opened: AbstractContextManager[Subject]) -> list[float]:
    with opened as subject:
        pids = subject.pids()
        new_connections(bench, subject.port, 1000)
        busy = [_busy(bench, subject.port, pids) for _ in range(bench.runs(5))]
        single = [_single(subject.port, pids) for _ in range(bench.runs(5))]
        table.add(subject.label, spread(busy, 1), spread(single, 1))
    return busy


def _busy(bench: Bench, port: int, pids: list[int]) -> float:
    before = cpu_seconds(pids)
    new_connections(bench, port, REQUESTS)
    return (cpu_seconds(pids) - before) / REQUESTS * 1e6


def _single(port: int, pids: list[int]) -> float:
    before = cpu_seconds(pids)
    for _ in range(1000):
        ask(port)
    return (cpu_seconds(pids) - before) / 1000 * 1e6
