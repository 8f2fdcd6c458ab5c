"""The logs of one app: workers' pipes in, files out; one thread does both.

The master's loop only queues orders here and never touches a file. It may rely on:

- `add` both pipes of a worker before closing the write ends it holds itself: then a pid is
  finished once, when both have reached their end.
- A worker's children may keep its pipes open. `settle` (after the worker's death) makes the
  pid finished at once, and a second time when they let go; take a pid you do not know for that.
- After a pid is finished, `tail` holds its last words.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from ...record import dataclass, field
from .logfile import LogFile, LogPath, Rotation
from .logloop import Loop
from .logowners import Writer
from .logpump import Pump, Source, Stream
from .logstyle import Style
from .logtail import Tails

__all__ = ["LogPath", "LogPlan", "LogWriter", "Rotation"]


@dataclass(frozen=True)
class LogPlan:
    """Which files an app's output goes to; `/dev/null` drops it."""

    out: LogPath
    error: LogPath
    both: LogPath | None = None
    """One more file with both streams."""
    rotation: Rotation = field(default_factory=Rotation)
    style: Style = field(default_factory=Style)


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


class LogWriter:
    """The face of the log thread; every method but `close` returns at once."""

    def __init__(self, plan: LogPlan, say: Callable[[str], None] = _say) -> None:
        self.finished_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Readable when `take_finished` has something to give."""
        self.troubled_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Readable when `take_troubles` has changed."""
        self._finished: deque[int] = deque()
        self._troubles: dict[str, str] = {}
        self._say = say
        self._tails = Tails()
        self._loop = Loop(say)
        self._pump = Pump(self._loop, self._tails, self._finish)
        self._plan = plan
        self._pump.style = plan.style
        self._files = _files(plan, self._trouble, self._loop)
        self._each(LogFile.create)
        self._thread = threading.Thread(target=self._loop.run, name="logs", daemon=True)
        self._thread.start()

    def add(self, fd: int, stream: Stream, slot: int, pid: int) -> None:
        """Take over the read end of a worker's pipe."""
        os.set_blocking(fd, False)
        source = Source(fd, Writer(slot, pid, stream == "error"), self._files[stream])
        self._loop.order(self._pump.add, source)

    def tail(self, pid: int, lines: int = 20) -> list[str]:
        """Return the last lines of a worker's standard error, or else of its output."""
        return self._tails.last(pid, lines)

    def take_finished(self) -> list[int]:
        """Return the pids whose output is written to the last byte."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.finished_fd)
        return [self._finished.popleft() for _ in range(len(self._finished))]

    def take_troubles(self) -> list[str]:
        """Return what was last said of each file that could not be written or rotated."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.troubled_fd)
        return list(self._troubles.values())

    def settle(self, pid: int) -> None:
        """Write what a dead worker has left, then call it finished, whoever holds its pipes."""
        self._loop.order(self._pump.settle, pid)

    def flush_files(self) -> None:
        """Empty the files."""
        self._each(LogFile.flush)

    def rearrange(self, plan: LogPlan) -> None:
        """Write to the files of another plan from now on, whoever writes."""
        if plan == self._plan:
            return
        before, self._plan, self._troubles = _once(self._files), plan, {}
        self._files = _files(plan, self._trouble, self._loop)
        self._loop.order(self._change, before, plan.style)

    def _change(self, before: list[LogFile], style: Style) -> None:
        for file in before:
            file.stop()  # first: the new one may be at the same path
        self._pump.redirect(self._files)
        self._pump.style = style
        for file in _once(self._files):
            file.create()

    def reopen(self) -> None:
        """Open the files anew, after somebody else has renamed them."""
        self._each(LogFile.close)
        self._each(LogFile.create)

    def close(self, timeout: float) -> None:
        """Write all that the pipes hold, for at most `timeout` seconds, and end the thread."""
        if not self._thread.is_alive():
            return
        self._loop.order(self._pump.drain, time.monotonic() + timeout)
        self._each(LogFile.stop)
        self._loop.order(self._loop.quit)
        self._thread.join(timeout + 1.0)
        if not self._thread.is_alive():  # else it waits for a disk: leave it its files
            self._loop.close()
            os.close(self.finished_fd)
            os.close(self.troubled_fd)

    def _each(self, work: Callable[[LogFile], None]) -> None:
        for file in _once(self._files):
            self._loop.order(work, file)

    def _trouble(self, path: str, text: str) -> None:
        self._say(text)
        self._troubles = {**self._troubles, path: text}  # a new one: another thread reads it
        os.eventfd_write(self.troubled_fd, 1)

    def _finish(self, pid: int) -> None:
        self._finished.append(pid)
        os.eventfd_write(self.finished_fd, 1)


def _once(files: Mapping[Stream, Sequence[LogFile]]) -> list[LogFile]:
    """Return each file once, whatever streams lead to it."""
    return list({id(file): file for each in files.values() for file in each}.values())


def _files(
    plan: LogPlan, say: Callable[[str, str], None], loop: Loop
) -> dict[Stream, list[LogFile]]:
    """Make one LogFile for each path, whatever streams lead to it."""
    made: dict[str, LogFile] = {}
    files: dict[Stream, list[LogFile]] = {"out": [], "error": []}
    for streams, where in _streams(plan):
        if where is None or where.path == os.devnull:
            continue
        path = os.path.realpath(where.path)
        file = made.setdefault(path, LogFile(where, plan.rotation, partial(say, path), loop))
        for stream in streams:
            if file not in files[stream]:
                files[stream].append(file)
    return files


def _streams(plan: LogPlan) -> list[tuple[tuple[Stream, ...], LogPath | None]]:
    return [(("out",), plan.out), (("error",), plan.error), (("out", "error"), plan.both)]
