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
THEIRS = "uvicorn --workers"
ROUNDS = 20
SECONDS = 1
REQUESTS = 3000


def measure(bench: Bench) -> Result:
    """Measure both in turn, round by round, so that a noisy minute is shared."""
    result = Result()
    apart, mixed = (
        result.table(
            f"uvicorn[standard], {WORKERS} workers, requests a second, {ROUNDS} rounds in turn, "
            + client, "server", "keep-alive, 64 connections", f"of {THEIRS}'s, round by round",
            "new connections, 50 clients", f"of {THEIRS}'s",
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
        theirs = stack.enter_context(uvicorn(bench, THEIRS, WORKERS, "uvloop", "httptools"))
        subjects = theirs, ours, shared
        with cores.apart(pid for s in subjects for pid in (*s.workers, *s.pids())):
            kept, new = _in_turn(bench, apart, *subjects)
        _in_turn(bench, mixed, *subjects)
        for subject in subjects:
            shares.add(subject.label, *sequential(subject), ", ".join(bursts(subject, True)))
    for what, (_, share, of_shared) in (("keep-alive requests", kept), ("new connections", new)):
        result.judge(
            f"uvicorn[standard], {what} a second", f"as {THEIRS}: 1.00",
            f"{share:.2f}, shared {of_shared:.2f}", share >= 1,
        )  # fmt: skip
    return result


def _in_turn(bench: Bench, table: Table, *subjects: Subject) -> tuple[list[float], list[float]]:
    """Add a row for each; return what each has of the first's, keep-alive and new connections.

    Each round is compared by itself: what else the machine does then is common to it.
    """
    kept: list[list[float]] = [[] for _ in subjects]
    new: list[list[float]] = [[] for _ in subjects]
    for subject in subjects:
        new_connections(bench, subject.port, 500)
    for _ in range(bench.runs(ROUNDS)):
        for at, subject in enumerate(subjects):
            kept[at].append(keep_alive(bench, subject.port, SECONDS))
            new[at].append(new_connections(bench, subject.port, REQUESTS))
    shares = [median(_shares(rates, kept[0])) for rates in kept]
    new_shares = [median(_shares(rates, new[0])) for rates in new]
    for at, subject in enumerate(subjects):
        table.add(
            subject.label, spread(kept[at]), f"{shares[at]:.2f}",
            spread(new[at]), f"{new_shares[at]:.2f}",
        )  # fmt: skip
    return shares, new_shares


def _shares(rates: list[float], first: list[float]) -> list[float]:
    return [rate / other for rate, other in zip(rates, first, strict=True)]
