"""Reloads under load: requests that fail, over new and over kept-alive connections."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ..bench import Bench
from ..figures import Result, Table, spread
from ..lineup import measured
from ..probe import Load, wait_for_workers
from ..subjects import Subject, under_pm

CLIENTS = 8
RELOADS = 10
PEER_RELOADS = 5
SERVERS = (
    ("pm, http.server", "hello.py", ""),
    ("pm, uvicorn on asyncio", "uvicorn_server.py", "uvicorn"),
    ("pm, aiohttp", "aiohttp_server.py", "aiohttp"),
)
"""Label, app, the package it needs."""


@dataclass
class Found:
    """What the reloads of one server came to."""

    requests: int = 0
    failed: int = 0
    dropped: int = 0
    longest: float = 0.0
    """ms"""
    times: list[float] = field(default_factory=list)
    """Seconds of each reload."""

    @property
    def lost(self) -> int:
        """Requests without an answer."""
        return self.failed + self.dropped


def measure(bench: Bench) -> Result:
    """Measure pm with three servers, and the peers."""
    result = Result()
    tables = (
        _table(result, "a new connection per request", "failed"),
        _table(result, "keep-alive, clients that never pause", "failed + dropped"),
    )
    ours: list[Found] = []
    for label, script, needs in SERVERS:
        if not bench.has(needs):
            for table in tables:
                table.absent(label)
            continue
        ours += _both(bench, tables, RELOADS, under_pm(bench, label, script, 2))
    measured(
        bench,
        tables[0],
        lambda peer: _both(bench, tables, PEER_RELOADS, peer.open(bench, peer.label, 2)),
        "gunicorn, sync",
    )
    tables[1].notes.append(
        "Failed: on a fresh connection. Dropped: a request on a kept-alive connection that was "
        "closed without an answer; many clients repeat it by themselves."
    )
    _judge(result, ours)
    return result


def _table(result: Result, what: str, lost: str) -> Table:
    return result.table(
        f"Reloads under load of {CLIENTS} clients, {what}",
        "server", "reloads", lost, "requests", "longest wait, ms", "reload, s",
    )  # fmt: skip


def _both(
    bench: Bench, tables: tuple[Table, Table], reloads: int, opened: AbstractContextManager[Subject]
) -> list[Found]:
    found = []
    with opened as subject:
        for table, keep in zip(tables, (False, True), strict=True):
            found.append(_reloads(subject, bench.runs(reloads), keep))
            table.add(subject.label, *_cells(found[-1], keep))
    return found


def _cells(found: Found, keep: bool) -> list[str]:
    lost = f"{found.failed} + {found.dropped}" if keep else str(found.failed)
    return [
        str(len(found.times)), lost, str(found.requests), f"{found.longest:.0f}",
        spread(found.times, 2),
    ]  # fmt: skip


def _reloads(subject: Subject, count: int, keep: bool) -> Found:
    found = Found()
    serving = wait_for_workers(subject.port, 2)
    with Load(subject.port, CLIENTS, keep) as load:
        for _ in range(count):
            begin = time.monotonic()
            subject.reload(serving)
            found.times.append(time.monotonic() - begin)
            serving = wait_for_workers(subject.port, 2)
    found.requests = load.requests
    found.failed, found.dropped = load.failed.total(), load.dropped
    found.longest = load.longest * 1000
    return found


def _judge(result: Result, ours: list[Found]) -> None:
    lost, requests = sum(f.lost for f in ours), sum(f.requests for f in ours)
    result.judge("reload under load, failed requests", "0", f"{lost} of {requests}", lost == 0)
    longest = max(f.longest for f in ours)
    result.judge("reload under load, longest wait", "< 50 ms", f"{longest:.0f} ms", longest < 50)
