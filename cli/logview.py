"""Log files of apps as `pm logs` shows them: who wrote a line, and several files in one order."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pm.logindex import Follower, Line, index_path
from pm.model import AppView
from pm.record import dataclass

from .table import paint
from .text import clean

Form = Literal["prefix", "raw", "json"]
DAEMON = "pm"
"""Name by which `pm logs pm` shows the daemon's own log, if no app has it."""

_COLOURS = ("cyan", "green", "yellow", "blue")


@dataclass(frozen=True)
class Source:
    """One log file of one app."""

    app: str
    path: str
    stream: str
    """`out`, `error`, or `log` for both in one."""
    ids: Mapping[int, int]
    """Slot to id."""
    follower: Follower

    @property
    def width(self) -> int:
        """Columns that the longest "id|name" takes."""
        return len(self.app) + max((len(f"{i}|") for i in self.ids.values()), default=0)


def sources_of(app: AppView, home: str, streams: frozenset[str]) -> Iterator[Source]:
    """Open the app's log files for these streams (`out`, `error`)."""
    paths = {"out": app.out_file, "error": app.error_file}
    if app.log_file and set(paths.values()) == {"/dev/null"}:
        paths, streams = {"log": app.log_file}, frozenset(["log"])
    ids = {worker.slot: worker.id for worker in app.workers}
    for stream, path in paths.items():
        if stream in streams and path and path != "/dev/null":
            index = index_path(home, app.name, stream)
            yield Source(app.name, path, stream, ids, Follower(path, index, stream))


def daemon_source(home: str) -> Source:
    """Open the daemon's own log."""
    path = os.path.join(home, "pm.log")
    return Source(DAEMON, path, "out", {}, Follower(path, "", "out"))


def merged(parts: Iterable[tuple[Source, Sequence[Line]]]) -> list[tuple[Source, Line]]:
    """Put the lines of several files in the order of time; a file keeps its own order."""
    timed = []
    for source, lines in parts:
        at = 0.0
        for line in lines:
            at = max(at, line.at)
            timed.append((at, source, line))
    timed.sort(key=lambda item: item[0])
    return [(source, line) for _, source, line in timed]


def shown(source: Source, line: Line, form: Form, colour: bool, width: int) -> str:
    """Return the line as it is printed; `width` is that of the longest name and id."""
    if form == "raw":
        return line.text
    number = source.ids.get(line.slot)
    if form == "json":
        return _as_json(source, line, number)
    who = clean(source.app) if number is None else f"{number}|{clean(source.app)}"
    tint = _COLOURS[max(line.slot, 0) % len(_COLOURS)]
    return f"{paint(f'{who:<{width}} |', tint, colour)} {line.text}"


def _as_json(source: Source, line: Line, number: int | None) -> str:
    """Use PM2's keys."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.at)) if line.at else ""
    return json.dumps({
        "message": line.text,
        "timestamp": f"{stamp}.{int(line.at * 1000) % 1000:03d}Z" if stamp else "",
        "type": "err" if line.stream == "error" else "out",
        "process_id": number,
        "app_name": source.app,
    })  # fmt: skip
