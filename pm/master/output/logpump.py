"""What workers print, from their pipes to the log files.

It reads in large chunks and rests a little after each round, so that a busy worker fills its
pipe instead of waking us for each line; how long is learned from how full the pipes are found.
A line goes to its file whole: what has no newline yet is held until it has, until the pipe
ends, until it is `LONGEST` bytes long, or until nothing more has come for a second.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal

from .logfile import LONGEST, LogFile
from .logloop import Loop
from .logowners import Writer
from .logstyle import Style
from .logtail import Tails

Stream = Literal["out", "error"]

_PIPE = 1 << 20  # asked for a pipe that is found half full; the limit for an ordinary user
_REST = 0.002  # seconds, the longest pause after a round
_SHORT = 0.0001  # the shortest
_NEWLINE = 10
_QUIET = 1.0  # seconds until an unfinished line is written as it is


class Source:
    """The read end of one worker's pipe."""

    def __init__(self, fd: int, who: Writer, files: Sequence[LogFile]) -> None:
        self.fd, self.who, self.files = fd, who, files
        self.held = b""
        self.begun = False
        """The last line that was written was not at its end."""
        self.held_at = 0.0
        self.size = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)

    def grow(self) -> None:
        """Ask for the largest pipe; the kernel may refuse it."""
        with suppress(OSError):
            self.size = fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE)


class Pump:
    """All pipes of an app's workers; lives in the log thread."""

    def __init__(self, loop: Loop, tails: Tails, finished: Callable[[int], None]) -> None:
        self._loop, self._tails, self._finished = loop, tails, finished
        self._sources: dict[int, Source] = {}
        self._holding: dict[int, Source] = {}
        self._buffer = bytearray(LONGEST + _PIPE)
        self._rest, self._fullest = _REST, 0.0
        loop.between = self._between
        self.style = Style()

    def add(self, source: Source) -> None:
        """Read from a pipe from now on."""
        if not self._of(source.who.pid):
            self._tails.forget(source.who.pid)
        self._sources[source.fd] = source
        self._loop.watch(source.fd, partial(self._ready, source))

    def settle(self, pid: int) -> None:
        """Write all that a dead worker has left, even if others hold its pipes open."""
        sources = self._of(pid)
        for source in sources:
            self._read(source, source.size)
            self._let_go(source)
        if not sources or self._of(pid):  # else the end of its pipes has finished it
            self._finished(pid)

    def redirect(self, files: Mapping[Stream, Sequence[LogFile]]) -> None:
        """Write what comes from now on to other files."""
        for source in self._sources.values():
            source.files = files["error" if source.who.error else "out"]

    def drain(self, deadline: float) -> None:
        """Write what is in the pipes now, until a monotonic time at most, and close them."""
        for source in list(self._sources.values()):
            if time.monotonic() < deadline:
                self._read(source, source.size)
                self._let_go(source)
        for source in list(self._sources.values()):
            self._end(source)

    def _ready(self, source: Source, mask: int) -> None:
        self._read(source, source.size if mask & select.EPOLLHUP else 1)

    def _between(self) -> float | None:
        """Rest after a round; return the seconds until a held line is written as it is."""
        if self._fullest > 0.5:
            self._rest = self._rest / 2 if self._rest > _SHORT else 0.0
        elif 0 < self._fullest < 0.25:
            self._rest = min(_REST, max(_SHORT, self._rest * 2))
        if self._fullest:
            time.sleep(self._rest)
            self._fullest = 0.0
        if not self._holding:
            return None
        now = time.monotonic()
        for source in [s for s in self._holding.values() if now - s.held_at >= _QUIET]:
            self._let_go(source)
        return min((s.held_at + _QUIET - now for s in self._holding.values()), default=None)

    def _read(self, source: Source, wanted: int) -> None:
        """Read once, and on until `wanted` bytes are there, the pipe is empty or at its end."""
        while wanted > 0:
            held = len(source.held)
            self._buffer[:held] = source.held
            try:
                got = os.readv(source.fd, [memoryview(self._buffer)[held:]])
            except BlockingIOError:
                return
            if not got:
                return self._end(source)
            wanted -= got
            self._fullest = max(self._fullest, got / source.size)
            if 2 * got > source.size < _PIPE:
                source.grow()
            self._take(source, held + got)

    def _take(self, source: Source, end: int) -> None:
        """Pass on the whole lines in the buffer; hold the rest."""
        cut = self._buffer.rfind(b"\n", 0, end) + 1
        if end - cut >= LONGEST:
            cut = end
        source.held = bytes(self._buffer[cut:end])
        if source.held:
            source.held_at = time.monotonic()
            self._holding[source.fd] = source
        else:
            self._holding.pop(source.fd, None)
        if cut:
            self._write(source, self._buffer, cut)

    def _let_go(self, source: Source) -> None:
        """Write an unfinished line as it is."""
        held, source.held = source.held, b""
        self._holding.pop(source.fd, None)
        if held:
            self._write(source, held, len(held))

    def _write(self, source: Source, data: bytes | bytearray, end: int) -> None:
        self._tails.keep(source.who.pid, source.who.error, data, end)
        begun, source.begun = source.begun, data[end - 1] != _NEWLINE
        if not self.style.plain:
            data = self.style.of(source.who, bytes(memoryview(data)[:end]), time.time(), begun)
            end = len(data)
        for file in source.files:
            file.append(source.who, data, end)

    def _end(self, source: Source) -> None:
        self._let_go(source)
        if self._sources.pop(source.fd, None) is None:
            return
        self._loop.forget(source.fd)
        os.close(source.fd)
        if not self._of(source.who.pid):
            self._finished(source.who.pid)

    def _of(self, pid: int) -> list[Source]:
        return [source for source in self._sources.values() if source.who.pid == pid]
