"""Requests a second: one worker, several, the same server without pm, and the peers."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from ..bench import Bench
from ..figures import Result, Table, median, spread
from ..generators import keep_alive, new_connections
from ..lineup import NODE, PYTHON, Peer, measured
from ..subjects import Subject, plain, under_pm

REPEAT = 3
REQUESTS = 6000
SERVERS = (("http.server", "hello.py", ""), ("uvicorn on asyncio", "uvicorn_server.py", "uvicorn"))


def measure(bench: Bench) -> Result:
    """Measure two kinds of server under pm, and the peers."""
    result = Result()
    many = os.cpu_count() or 2
    table = result.table(
        "Requests a second", "server", "keep-alive, 64 connections", "new connections, 50 clients"
    )
    ours: dict[str, float] = {}
    for label, script, needs in SERVERS:
        if not bench.has(needs):
            table.absent(f"pm, {label}")
            continue
        _fill(bench, table, plain(bench, f"{label}, without pm", script))
        _fill(bench, table, under_pm(bench, f"pm, {label}, 1 worker", script, 1))
        full = under_pm(bench, f"pm, {label}, {many} workers", script, many)
        ours[label] = _fill(bench, table, full)
    theirs: dict[str, float] = {}

    def fill(peer: Peer) -> None:
        opened = peer.open(bench, f"{peer.label}, {many} workers", many)
        theirs[peer.label] = _fill(bench, table, opened)

    measured(bench, table, fill, PYTHON, "supervisor", "circus")
    table.notes.append(_how(bench))
    if NODE in theirs:
        best = max(ours.values())
        result.judge(
            "new connections a second", f"above PM2's Node cluster: {theirs[NODE]:.0f}",
            f"{best:.0f}", best > theirs[NODE],
        )  # fmt: skip
    return result


def _fill(bench: Bench, table: Table, opened: AbstractContextManager[Subject]) -> float:
    """Add a row; return the median of new connections a second."""
    with opened as subject:
        new_connections(bench, subject.port, 500)
        requests = REQUESTS // 6 if bench.quick else REQUESTS
        kept, new = [], []
        for _ in range(bench.runs(REPEAT)):
            # A sync worker of gunicorn keeps nothing alive; wrk counts that as errors.
            kept.append(keep_alive(bench, subject.port, 2))
            new.append(new_connections(bench, subject.port, requests))
        table.add(subject.label, spread(kept), spread(new))
    return median(new)


def _how(bench: Bench) -> str:
    names = [n for n, path in (("wrk", bench.tools.wrk), ("ab", bench.tools.ab)) if path]
    text = "The load generator runs on the same cores as the servers."
    if len(names) < 2:
        text += (
            " The built-in client, far slower, stood in for what is missing of wrk and ab "
            "(Debian: `apt-get install wrk apache2-utils`)."
        )
    return text
