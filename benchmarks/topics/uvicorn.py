"""uvicorn[standard] (uvloop, httptools), 4 workers: under pm, and by its own --workers."""

from __future__ import annotations

import contextlib

from .. import cores
from ..bench import Bench
from ..figures import Result, Table, median, spread
from ..generators import keep_alive, new_connections
from ..subjects import Subject, under_pm, uvicorn
from .fairness import BURST, bursts, sequential

WORKERS = 4
ROUNDS = 7
REQUESTS = 6000


def measure(bench: Bench) -> Result:
    """Measure both in turn, round by round, so that a noisy minute is shared."""
    result = Result()
    apart, mixed = (
        result.table(
            f"uvicorn[standard], {WORKERS} workers, requests a second, {ROUNDS} rounds in turn, "
            + client, "server", "keep-alive, 64 connections", "new connections, 50 clients",
        )
        for client in ("the client on a core of its own", "the client on the servers' cores")
    )  # fmt: skip
    shares = result.table(
        f"uvicorn[standard], {WORKERS} workers, who gets the connections", "server",
        "40 sequential requests", "in strict rotation", f"{BURST} keep-alive connections",
    )  # fmt: skip
    if not bench.has("uvicorn") or not bench.has("uvloop") or not bench.has("httptools"):
        apart.absent("uvicorn[standard]")
        return result
    with contextlib.ExitStack() as stack:
        ours, shared = (
            stack.enter_context(under_pm(bench, label, "uvicorn_standard.py", WORKERS, *options))
            for label, *options in (("pm",), ("pm, shared", "--scheduling", "shared"))
        )
        theirs = stack.enter_context(
            uvicorn(bench, "uvicorn --workers", WORKERS, "uvloop", "httptools")
        )
        subjects = ours, theirs, shared
        with cores.apart(pid for s in subjects for pid in (*s.workers, *s.pids())):
            kept, new = _in_turn(bench, apart, *subjects)
        _in_turn(bench, mixed, *subjects)
        for subject in subjects:
            shares.add(subject.label, *sequential(subject), ", ".join(bursts(subject, True)))
    result.judge(
        "uvicorn[standard], keep-alive requests a second", f"uvicorn --workers: {kept[1]:.0f}",
        f"{kept[0]:.0f}, shared {kept[2]:.0f}", kept[0] >= kept[1],
    )  # fmt: skip
    result.judge(
        "uvicorn[standard], new connections a second", f"uvicorn --workers: {new[1]:.0f}",
        f"{new[0]:.0f}, shared {new[2]:.0f}", new[0] >= new[1],
    )  # fmt: skip
    return result


def _in_turn(bench: Bench, table: Table, *subjects: Subject) -> tuple[list[float], list[float]]:
    """Add a row for each; return their medians, keep-alive and new connections."""
    kept: list[list[float]] = [[] for _ in subjects]
    new: list[list[float]] = [[] for _ in subjects]
    for subject in subjects:
        new_connections(bench, subject.port, 500)
    for _ in range(bench.runs(ROUNDS)):
        for at, subject in enumerate(subjects):
            kept[at].append(keep_alive(bench, subject.port, 2))
            new[at].append(new_connections(bench, subject.port, REQUESTS))
    for at, subject in enumerate(subjects):
        table.add(subject.label, spread(kept[at]), spread(new[at]))
    return list(map(median, kept)), list(map(median, new))
