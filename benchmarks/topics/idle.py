"""CPU time of the managers while 100 processes do nothing; all managers at the same time."""

from __future__ import annotations

import contextlib
import time

from ..bench import Bench, app, free_port
from ..figures import Result
from ..managers import MANAGERS, Manager, Pm, Program
from ..processes import cpu_seconds, run

COUNT = 100
SECONDS = 20.0
BUDGET = 0.2
"""Per cent of one core."""
SETTLE = 3.0


def measure(bench: Bench) -> Result:
    """Measure for 20 s, workers not included."""
    result = Result()
    table = result.table(
        f"CPU use over {SECONDS:.0f} s with {COUNT} idle processes, per cent of one core",
        "manager", "CPU",
    )  # fmt: skip
    naps = Program("nap", "sleep", ("1000",), COUNT, python=False)
    servers = Program("web", app("hello.py"), (str(free_port()),), COUNT)
    with contextlib.ExitStack() as stack:
        known: dict[str, Manager] = {}
        known[f"pm, {COUNT} HTTP workers of one app"] = stack.enter_context(Pm(bench, servers))
        for kind in MANAGERS:
            if bench.has(kind.needs):
                known[f"{kind.label}, {COUNT} `sleep`"] = stack.enter_context(kind(bench, naps))
            else:
                table.absent(kind.label)
        for manager in known.values():
            run(manager.start_command(), manager.environment)
        used = _used(bench, {label: m.pids() for label, m in known.items()})
    for label, parts in used.items():
        shown = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
        table.add(label, f"{sum(parts.values()):.2f} ({shown})")
    ours = max(sum(parts.values()) for label, parts in used.items() if label.startswith("pm,"))
    result.judge(f"idle with {COUNT} workers", f"< {BUDGET} % CPU", f"{ours:.2f} %", ours < BUDGET)
    return result


def _used(bench: Bench, known: dict[str, dict[str, list[int]]]) -> dict[str, dict[str, float]]:
    """Return per cent of one core by manager and kind of process."""
    time.sleep(bench.seconds(SETTLE))
    begin = time.monotonic()
    before = {
        label: {n: cpu_seconds(p) for n, p in parts.items()} for label, parts in known.items()
    }
    time.sleep(bench.seconds(SECONDS))
    lasted = time.monotonic() - begin
    return {
        label: {
            name: (cpu_seconds(pids) - before[label][name]) / lasted * 100
            for name, pids in parts.items()
            if pids
        }
        for label, parts in known.items()
    }
