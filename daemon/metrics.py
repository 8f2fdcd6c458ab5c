"""What workers and their descendants use, taken when somebody asks and not before.

Read from one scan of /proc: one file a process, of which five fields are wanted (psutil reads
four files for the same, at five times the cost: 100 workers are to be listed in a few ms).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from pm.record import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SHORTEST_LOOK = 0.5
"""Within so many seconds the figure stays: a clock tick (10 ms) would weigh too much."""


@dataclass(frozen=True)
class Usage:
    """Per cent of one core since the last look (first: since the start), and bytes of RSS."""

    cpu: float = 0.0
    memory: int = 0


NOTHING = Usage()


@dataclass(frozen=True)
class Sample:
    """One process as the scan saw it; times in seconds, `start` since boot."""

    parent: int
    cpu_time: float
    start: float
    memory: int


@dataclass(frozen=True)
class _Look:
    at: float
    seen: dict[int, Sample]
    cpu: float


class Metrics:
    """Looks at workers, and remembers the last look at each."""

    def __init__(self) -> None:
        self._looks: dict[tuple[int, float], _Look] = {}

    def look(self, pids: Iterable[int], scan: Mapping[int, Sample], now: float) -> dict[int, Usage]:
        """Return the usage of each of `pids` that lives; `now` in seconds since boot."""
        children: dict[int, list[int]] = {}
        for pid, sample in scan.items():
            children.setdefault(sample.parent, []).append(pid)
        looks = {k: v for k, v in self._looks.items() if k[0] in scan and scan[k[0]].start == k[1]}
        usage = {}
        for pid in pids:
            if pid not in scan:
                continue
            seen = {p: scan[p] for p in _family(pid, children)}
            key = (pid, scan[pid].start)
            looks[key] = _next_look(looks.get(key), seen, scan[pid].start, now)
            usage[pid] = Usage(looks[key].cpu, sum(s.memory for s in seen.values()))
        self._looks = looks
        return usage


def scan_processes() -> dict[int, Sample]:
    """Read every process of the machine from /proc, by pid."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                text = file.read()
        except OSError:
            continue
        fields = text[text.rindex(b")") + 2 :].split()
        found[int(name)] = Sample(
            parent=int(fields[1]),
            cpu_time=(int(fields[11]) + int(fields[12])) / _TICKS,
            start=int(fields[19]) / _TICKS,
            memory=int(fields[21]) * _PAGE,
        )
    return found


def _family(pid: int, children: Mapping[int, list[int]]) -> list[int]:
    family = [pid]
    for member in family:
        family.extend(children.get(member, ()))
    return family


def _next_look(last: _Look | None, seen: dict[int, Sample], start: float, now: float) -> _Look:
    if last is not None and now - last.at < _SHORTEST_LOOK:
        return last
    since = last.at if last else start
    used = sum(_used(sample, last.seen.get(pid) if last else None) for pid, sample in seen.items())
    cpu = round(100 * used / max(now - since, 0.01), 1)
    return _Look(now, seen, cpu)


def _used(now: Sample, before: Sample | None) -> float:
    same = before is not None and before.start == now.start
    return now.cpu_time - before.cpu_time if before is not None and same else now.cpu_time
