"""From the start command to the first answer, with a daemon that runs already; and 50 apps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ..bench import Bench, app, environment, free_port
from ..figures import Result, median, spread
from ..lineup import tolerated
from ..managers import MANAGERS, Manager, Pm, Program
from ..probe import wait_for, wait_for_workers
from ..processes import end, run, spawn

MANY = 50
LIMIT = 130
"""ms, of DESIGN section 10."""


@dataclass
class Times:
    """In ms, from the beginning of the command."""

    first: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    command: list[float] = field(default_factory=list)


def measure(bench: Bench) -> Result:
    """Measure both."""
    result = Result()
    _two_workers(bench, result)
    _many_apps(bench, result)
    return result


def _two_workers(bench: Bench, result: Result) -> None:
    table = result.table(
        "Start of 2 HTTP workers, daemon running, ms from the command's beginning",
        "manager", "first 200", "both answer", "command returns",
    )  # fmt: skip
    by_hand = [_by_hand(bench) for _ in range(bench.runs(5))]
    table.add("`python hello.py` by hand, 1 process", spread(by_hand))
    for kind in MANAGERS:
        if not bench.has(kind.needs):
            table.absent(kind.label)
            continue
        times = Times()
        with tolerated(table, kind.label):
            _warm(bench, kind, times)
            table.add(kind.label, *map(spread, (times.first, times.all, times.command)))
        if kind is Pm:
            shown, met = f"{spread(times.first)} ms", median(times.first) <= LIMIT
            result.judge("start of 2 workers, first 200", f"<= {LIMIT} ms", shown, met)
    table.notes.append("pm's command returns when the app is ready; the peers' may return before.")


def _by_hand(bench: Bench) -> float:
    port = free_port()
    begin = time.monotonic()
    process = spawn([bench.tools.python, app("hello.py"), str(port)], environment())
    try:
        wait_for(port)
        return (time.monotonic() - begin) * 1000
    finally:
        end(process)


def _warm(bench: Bench, kind: type[Manager], times: Times) -> None:
    port = free_port()
    with kind(bench, Program("web", app("hello.py"), (str(port),), 2)) as manager:
        for _ in range(bench.runs(7)):
            command = manager.start_command()
            begin = time.monotonic()
            process = spawn(command, manager.environment)
            wait_for(port)
            times.first.append((time.monotonic() - begin) * 1000)
            wait_for_workers(port, 2)
            times.all.append((time.monotonic() - begin) * 1000)
            process.wait(60)
            times.command.append((time.monotonic() - begin) * 1000)
            manager.stop()


def _many_apps(bench: Bench, result: Result) -> None:
    table = result.table(
        f"Start of {MANY} HTTP apps of 1 worker each, one command, s",
        "manager", "all answer", "command returns", "`list` afterwards, ms",
    )  # fmt: skip
    for kind in MANAGERS:
        if bench.has(kind.needs):
            with tolerated(table, kind.label):
                table.add(kind.label, *_many(bench, kind))
        else:
            table.absent(kind.label)


def _many(bench: Bench, kind: type[Manager]) -> list[str]:
    ports = [free_port() for _ in range(MANY)]
    programs = [Program(f"web{n}", app("hello.py"), (str(p),)) for n, p in enumerate(ports)]
    with kind(bench, *programs) as manager:
        command = manager.start_command()
        begin = time.monotonic()
        process = spawn(command, manager.environment)
        for port in ports:
            wait_for(port)
        answered = time.monotonic() - begin
        process.wait(120)
        returned = time.monotonic() - begin
        listed = []
        for _ in range(bench.runs(5)):
            begin = time.monotonic()
            run(manager.list_command(), manager.environment)
            listed.append((time.monotonic() - begin) * 1000)
        return [f"{answered:.2f}", f"{returned:.2f}", spread(listed)]
