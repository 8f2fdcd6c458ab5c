"""Who gets the connections: exact counts per worker."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager

from ..bench import Bench
from ..figures import Result, Table, counts
from ..lineup import PYTHON, measured
from ..probe import Connection, ask
from ..subjects import Subject, under_pm

SEQUENTIAL = 40
BURST = 64
REPEAT = 3


def measure(bench: Bench) -> Result:
    """Count sequential requests over 4 workers and bursts over 2."""
    result = Result()
    ordered = result.table(
        f"{SEQUENTIAL} sequential requests, 4 workers, requests per worker",
        "server", "requests per worker", "in strict rotation",
    )  # fmt: skip
    order = _sequential(ordered, under_pm(bench, "pm, http.server", "hello.py", 4))
    without: tuple[str, ...] = (PYTHON, "supervisor", "circus")
    measured(bench, ordered, lambda p: _sequential(ordered, p.open(bench, p.label, 4)), *without)
    burst = result.table(
        f"{BURST} keep-alive connections, 2 workers, connections per worker, {REPEAT} runs",
        "server", "opened at once", "opened one by one",
    )  # fmt: skip
    spreads = _bursts(burst, under_pm(bench, "pm, http.server", "hello.py", 2))
    if bench.has("uvicorn"):
        spreads += _bursts(burst, under_pm(bench, "pm, uvicorn", "uvicorn_server.py", 2))
    without = ("gunicorn, sync", *without)
    measured(bench, burst, lambda p: _bursts(burst, p.open(bench, p.label, 2)), *without)
    even = counts([BURST // 2] * 2)
    shown = ", ".join(sorted(set(spreads)))
    result.judge(
        f"{BURST} keep-alive connections over 2 workers", f"{even} always", shown, shown == even
    )
    result.judge("40 sequential requests over 4 workers", "strict rotation", order, order == "yes")
    return result


def sequential(subject: Subject) -> tuple[str, str]:
    """Return requests per worker, and whether they came in strict rotation: yes or no."""
    workers = len(subject.workers)
    answered = [ask(subject.port) for _ in range(SEQUENTIAL)]
    per_worker = Counter(answered)
    shares = [per_worker.get(pid, 0) for pid in {*answered, *subject.workers}]
    rotation = answered == answered[:workers] * (SEQUENTIAL // workers)
    return counts(shares), "yes" if rotation and len(per_worker) == workers else "no"


def bursts(subject: Subject, together: bool) -> list[str]:
    """Return connections per worker, run by run."""
    return [_burst(subject, together) for _ in range(REPEAT)]


def _sequential(table: Table, opened: AbstractContextManager[Subject]) -> str:
    with opened as subject:
        shares, rotation = sequential(subject)
        table.add(subject.label, shares, rotation)
    return rotation


def _bursts(table: Table, opened: AbstractContextManager[Subject]) -> list[str]:
    with opened as subject:
        together, single = bursts(subject, True), bursts(subject, False)
        table.add(subject.label, ", ".join(together), ", ".join(single))
    return together + single


def _burst(subject: Subject, together: bool) -> str:
    """Open connections at once, or each after the answer to the one before."""
    opened: list[Connection] = []
    answered: Counter[int] = Counter(dict.fromkeys(subject.workers, 0))
    for _ in range(BURST):
        opened.append(Connection(subject.port))
        if not together:
            answered[opened[-1].ask()] += 1
    if together:
        answered.update(connection.ask() for connection in opened)
    for connection in opened:
        connection.close()
    return counts(answered.values())
