"""The writing side of a log's index (see `pm.logindex`); without it the log is still whole."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from ...logindex import ERROR, RECORD, UNKNOWN_SLOT
from ...record import dataclass


@dataclass(frozen=True)
class Writer:
    """Whose bytes they are."""

    slot: int
    pid: int
    error: bool


class IndexFile:
    """Appends one record for each chunk; gives up quietly where it cannot write."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._end = 0

    def open(self, size: int) -> None:
        """Open for a log of `size` bytes and account for what was written without us."""
        with suppress(OSError):
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._fd = os.open(self._path, flags, 0o600)
            length = os.fstat(self._fd).st_size
            length -= length % RECORD.size
            os.ftruncate(self._fd, length)
            last = os.pread(self._fd, RECORD.size, length - RECORD.size) if length else b""
            self._end = RECORD.unpack(last)[0] if last else 0
            self._bridge(size)

    def note(self, who: Writer, start: int, end: int) -> None:
        """Record that `who` wrote the log's bytes from `start` to `end` just now."""
        if self._fd < 0:
            return
        try:
            if start != self._end:
                self._bridge(start)
            pid = who.pid | ERROR if who.error else who.pid
            os.write(self._fd, RECORD.pack(end, time.time_ns() // 1_000_000, who.slot, pid))
            self._end = end
        except OSError:
            self.close()

    def clear(self) -> None:
        """Forget everything: the log has been emptied."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
        self._end = 0

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._end = -1, 0

    def _bridge(self, start: int) -> None:
        """Make the records end at `start`: nobody is known for what lies between."""
        if start < self._end:
            self.clear()
        if start > self._end:
            os.write(self._fd, RECORD.pack(start, 0, UNKNOWN_SLOT, 0))
            self._end = start
