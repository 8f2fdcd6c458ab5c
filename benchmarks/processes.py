"""Other processes as /proc shows them: CPU time, memory, children; and how to end our own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Of one process, in MB."""

    rss: float
    private: float


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something without an event to wait for; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.002)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time of processes (not of their children), threads included.

    The run queue's clock is used, in nanoseconds: ticks of 10 ms are too coarse.
    """
    return sum(_cpu(pid) for pid in pids)


def _cpu(pid: int) -> float:
    with contextlib.suppress(OSError):
        tasks = os.listdir(f"/proc/{pid}/task")
        return sum(_run_time(pid, task) for task in tasks)
    return 0.0


def _run_time(pid: int, task: str) -> float:
    try:
        text = Path(f"/proc/{pid}/task/{task}/schedstat").read_text()
        return int(text.split()[0]) / 1e9
    except FileNotFoundError:
        fields = Path(f"/proc/{pid}/task/{task}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


def memory(pid: int) -> Memory:
    """Return resident and private memory."""
    fields: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        fields[name] = int(value.split()[0])
    private = fields["Private_Clean"] + fields["Private_Dirty"]
    return Memory(fields["Rss"] / 1000, private / 1000)


def children(pid: int) -> list[int]:
    """Return the direct children of a process."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError):
            text = Path(f"/proc/{pid}/task/{task}/children").read_text()
            found += [int(word) for word in text.split()]
    return found


def alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def run(argv: list[str], environment: dict[str, str] | None = None, seconds: float = 120) -> str:
    """Run a command and return its output; raises RuntimeError with what it printed."""
    done = subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(argv[:6])}: exit code {done.returncode}: {done.stdout[-800:]}"
        )
    return done.stdout


def spawn(argv: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a process of our own, in a group of its own, quiet."""
    return subprocess.Popen(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process of our own and its group."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
