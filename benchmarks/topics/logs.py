"""How fast lines get through a manager into a file, what that costs it, and whether any is lost."""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ..bench import Bench, app
from ..figures import Result, Table, median, spread
from ..lineup import tolerated
from ..managers import PEERS, Manager, PmUnrotated, Program
from ..processes import cpu_seconds, wait_until

LINE = 200
SECONDS = 2.0
REPEAT = 3


@dataclass(frozen=True)
class Found:
    """One run."""

    rate: float
    """MB a second."""
    cpu: float
    """Per cent of one core."""
    lost: int


def measure(bench: Bench) -> Result:
    """Measure one writer, each line flushed."""
    result = Result()
    table = result.table(
        f"Log throughput, one writer, lines of {LINE} bytes, each flushed",
        "manager", "MB/s", "CPU of the manager, %", "lines lost",
    )  # fmt: skip
    plain = [_plain(bench) for _ in range(bench.runs(REPEAT))]
    table.add("`> file`", spread(plain))
    found: dict[str, list[Found]] = {}
    kinds: tuple[type[Manager], ...] = (PmUnrotated, *PEERS)
    for kind in kinds:
        if bench.has(kind.needs):
            with tolerated(table, kind.label):
                found[kind.label] = [_through(bench, kind) for _ in range(bench.runs(REPEAT))]
                _row(table, kind.label, found[kind.label])
        else:
            table.absent(kind.label)
    _judge(result, plain, found)
    table.notes.append("No manager rotates its files here, which pm does by default.")
    return result


def _program(bench: Bench, result: Path) -> Program:
    return Program("lines", app("lines.py"), (str(bench.seconds(SECONDS)), str(result)))


def _plain(bench: Bench) -> float:
    folder = bench.new_folder("plain")
    argv = _program(bench, folder / "count").argv(bench.tools.python)
    with open(folder / "log", "wb") as file:
        process = subprocess.Popen(argv, stdout=file)
        count = _wait_for_count(folder / "count")
        process.kill()
        process.wait()
    (folder / "log").unlink()
    return count * LINE / bench.seconds(SECONDS) / 1e6


def _through(bench: Bench, kind: type[Manager]) -> Found:
    result = bench.new_folder("count") / "count"
    with kind(bench, _program(bench, result)) as manager:
        process = subprocess.Popen(
            manager.start_command(), env=manager.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: _size(manager.log("lines")) > 0, 20, "the first line")
        pids = manager.all_pids()
        begin, before = time.monotonic(), cpu_seconds(pids)
        count = _wait_for_count(result)
        used = (cpu_seconds(pids) - before) / (time.monotonic() - begin) * 100
        process.wait(30)
        written = _settled(manager.log("lines"), count * LINE)
        manager.log("lines").unlink()
    rate = count * LINE / bench.seconds(SECONDS) / 1e6
    return Found(rate, used, count - written // LINE)


def _wait_for_count(file: Path) -> int:
    wait_until(lambda: _size(file) > 0, SECONDS * 10 + 20, "the writer's end")
    return int(file.read_text())


def _settled(log: Path, expected: int) -> int:
    """Wait until the file is complete, 5 s at most; return its size."""
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: _size(log) >= expected, 5, "the last line")
    return _size(log)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _row(table: Table, label: str, found: list[Found]) -> None:
    lost = sum(f.lost for f in found)
    table.add(label, spread([f.rate for f in found]), spread([f.cpu for f in found]), str(lost))


def _judge(result: Result, plain: list[float], found: dict[str, list[Found]]) -> None:
    ours = found.get("pm", [])
    rate, cpu = median([f.rate for f in ours]), median([f.cpu for f in ours])
    result.judge(
        "log throughput", f"as a plain file: {median(plain):.0f} MB/s", f"{rate:.0f} MB/s",
        rate >= median(plain) * 0.9,
    )  # fmt: skip
    if peer := found.get("supervisor"):
        limit = median([f.cpu for f in peer])
        result.judge(
            "CPU for logs", f"below supervisor: {limit:.0f} %", f"{cpu:.0f} %", cpu < limit
        )
