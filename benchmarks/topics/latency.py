"""How long `list` takes with 2, 20 and 100 processes, beside the peers."""

from __future__ import annotations

import sys
import time

from ..bench import Bench, environment
from ..figures import Result, median, spread
from ..lineup import tolerated
from ..managers import MANAGERS, Manager, Program
from ..processes import run

COUNTS = (2, 20, 100)


def measure(bench: Bench) -> Result:
    """Time the whole process, in ms."""
    result = Result()
    table = result.table(
        "Time of `list`, whole process, ms", "command", *(f"{n} processes" for n in COUNTS)
    )
    table.add(
        "`python3 -c pass`, for comparison", spread(_times(bench, [sys.executable, "-c", "pass"]))
    )
    medians: dict[str, float] = {}
    for kind in MANAGERS:
        if not bench.has(kind.needs):
            table.absent(kind.label)
            continue
        with tolerated(table, kind.label):
            found = [_with(bench, kind, count) for count in COUNTS]
            table.add(kind.label, *map(spread, found))
            medians[kind.label] = median(found[-1])
    _judge(result, medians)
    table.notes.append("Each process is a `sleep`. circus shows watchers, one row for all of them.")
    return result


def _with(bench: Bench, kind: type[Manager], count: int) -> list[float]:
    with kind(bench, Program("nap", "sleep", ("1000",), count, python=False)) as manager:
        run(manager.start_command(), manager.environment)
        return _times(bench, manager.list_command(), manager.environment)


def _times(bench: Bench, argv: list[str], variables: dict[str, str] | None = None) -> list[float]:
    times = []
    for _ in range(bench.runs(11) + 1):
        begin = time.monotonic()
        run(argv, variables or environment())
        times.append((time.monotonic() - begin) * 1000)
    return times[1:]


def _judge(result: Result, medians: dict[str, float]) -> None:
    ours = medians.pop("pm", float("inf"))
    if medians:
        peer = min(medians, key=lambda label: medians[label])
        budget = f"not above the fastest peer: {peer} {medians[peer]:.0f} ms"
        result.judge("`list`, 100 processes", budget, f"{ours:.0f} ms", ours <= medians[peer])
