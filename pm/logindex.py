"""Who wrote which bytes of a log file, and when; and the readers of both.

A log holds the app's lines untouched. Beside it lies an index of fixed-size records, one for
each chunk written: the chunk's end in the log, the time, the slot, the pid. A line belongs to
the record that covers its first byte. Rotated pieces are PATH.1 (the latest), PATH.2 ... or
PATH.1.gz ..., and the index's are named alike.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from typing import BinaryIO

from .home import file_name
from .logpieces import open_piece, open_quietly, pieces, read, same, split, start_of_last
from .record import dataclass

RECORD = struct.Struct("<QQII")
"""End offset, milliseconds since the epoch, slot, pid (with ERROR set for standard error)."""
UNKNOWN_SLOT = 0xFFFFFFFF
"""Slot of bytes of which nothing is known: written before a crash, or by somebody else."""
ERROR = 1 << 31
"""Bit of the pid field: the bytes came from standard error. Linux pids stay below 2**22."""


@dataclass(frozen=True)
class Line:
    """One line of a log; slot -1, pid 0 and time 0 where they are not known."""

    text: str
    slot: int
    pid: int
    at: float
    """Seconds since the epoch."""
    stream: str
    """`out` or `error`; `log` if a line of the combined log is nobody's."""


def index_path(home: str, app: str, stream: str) -> str:
    """Return where the index of an app's log lies; `stream` is `out`, `error` or `log`."""
    return os.path.join(home, "logs", f"{file_name(app)}-{stream}.index")


def read_tail(path: str, index: str, stream: str, lines: int) -> list[Line]:
    """Return the last lines of a log, rotated pieces included; no file means no lines."""
    follower = Follower(path, index, stream)
    try:
        last = follower.tail(lines)
        last += follower.read_new()
        last += follower.read_new()  # the second call gives an unfinished line too
        return last[-lines:] if lines > 0 else []
    finally:
        follower.close()


class Owners:
    """The records of one index from some offset of the log on."""

    def __init__(self, file: BinaryIO | None, since: int) -> None:
        self.file = file
        self._records: list[tuple[int, int, int, int]] = []
        self._ends: list[int] = []
        self._read = 0
        if file is not None:
            self._read = self._find(file, since)
            self.read_new()

    @staticmethod
    def _find(file: BinaryIO, since: int) -> int:
        """Return the place of the first record that ends after `since`."""
        low, high = 0, file.seek(0, os.SEEK_END) // RECORD.size
        while low < high:
            middle = (low + high) // 2
            file.seek(middle * RECORD.size)
            raw = file.read(RECORD.size)
            if len(raw) == RECORD.size and RECORD.unpack(raw)[0] <= since:
                low = middle + 1
            else:
                high = middle
        return low * RECORD.size

    def read_new(self) -> None:
        """Take in the records written since the last call."""
        if self.file is None:
            return
        self.file.seek(self._read)
        raw = self.file.read()
        usable = len(raw) - len(raw) % RECORD.size
        self._read += usable
        fresh = list(RECORD.iter_unpack(raw[:usable]))
        self._records += fresh
        self._ends += [record[0] for record in fresh]

    def forget(self, before: int) -> None:
        """Drop the records that end at or before an offset."""
        count = bisect_right(self._ends, before)
        del self._records[:count], self._ends[:count]

    def knows(self, offset: int) -> bool:
        """True if the byte at `offset` is accounted for, or nothing ever will be."""
        return self.file is None or (bool(self._ends) and offset < self._ends[-1])

    def line(self, offset: int, raw: bytes, stream: str) -> Line:
        """Return the line that begins at `offset`."""
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
        place = bisect_right(self._ends, offset)
        if place == len(self._records) or self._records[place][2] == UNKNOWN_SLOT:
            return Line(text, -1, 0, 0.0, stream)
        _, at, slot, pid = self._records[place]
        if stream == "log":
            stream = "error" if pid & ERROR else "out"
        return Line(text, slot, pid & ~ERROR, at / 1000, stream)


class Follower:
    """Reads what is added to a log: through rotation, truncation, and before it exists.

    Begins at the end of what is there; `tail` gives the lines before that.
    """

    def __init__(self, path: str, index: str, stream: str) -> None:
        self._path, self._index, self._stream = os.path.realpath(path), index, stream
        self._file: BinaryIO | None = None
        self._owners = Owners(None, 0)
        self._at, self._seen = 0, -1
        self._unfinished = False
        self._open()
        if self._file is not None:
            end = self._file.seek(0, os.SEEK_END)
            last = start_of_last(self._file, end, 1)
            self._at = end if read(self._file, last, end).endswith(b"\n") else last
            self._unfinished = self._at < end
        self._begin = self._at

    def tail(self, lines: int) -> list[Line]:
        """Return the last lines that were there at the beginning, rotated pieces included.

        An unfinished one is counted, but comes with what is new.
        """
        lines -= self._unfinished
        if lines <= 0 or self._file is None:
            return []
        index = open_quietly(self._index)
        found = _lines_of(self._file, index, self._stream, lines, self._begin)
        for piece in pieces(self._path):
            if len(found) >= lines:
                break
            if not same(piece, self._file):  # else rotated while we looked
                found[:0] = self._piece(piece, lines - len(found))
        return found

    def read_new(self) -> list[Line]:
        """Return the lines added since the last call.

        An unfinished line, or one whose owner is not yet known, is held back until the call
        that finds the log unchanged.
        """
        if self._file is None and not self._open():
            return []
        lines = self._take()
        if self._rotated():
            lines += self._take(final=True)
            for piece in reversed(self._missed()):
                lines += self._piece(piece, 0)
            self.close()
            if self._open():
                lines += self._take()
        return lines

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._owners.file):
            if file is not None:
                file.close()
        self._file, self._owners = None, Owners(None, 0)

    def _open(self) -> bool:
        """Open log and index of the same rotation, at the beginning; False if there is no log."""
        while True:
            self._file = open_quietly(self._path)
            self._owners = Owners(open_quietly(self._index), 0)
            self._at, self._seen = 0, -1
            if self._file is None or not self._rotated():
                return self._file is not None
            self.close()

    def _rotated(self) -> bool:
        """True if another file has taken the place of the one we have open."""
        assert self._file is not None
        return os.path.exists(self._path) and not same(self._path, self._file)

    def _missed(self) -> list[str]:
        """Return the pieces rotated after the file that we have open, the latest first."""
        assert self._file is not None
        ours, found = os.fstat(self._file.fileno()), []
        for piece in pieces(self._path):
            try:
                age = os.stat(piece).st_mtime_ns - ours.st_mtime_ns
            except FileNotFoundError:  # moved on while we look
                break
            # A compressed piece is another file but keeps the time of the last write.
            if same(piece, self._file) or age < 0 or (age == 0 and piece.endswith(".gz")):
                break
            found.append(piece)
        return found

    def _piece(self, piece: str, lines: int) -> list[Line]:
        index = self._index + piece[len(self._path) :].removesuffix(".gz")
        file, owners = open_piece(piece), open_piece(index)
        if file is None:
            return []
        with file:
            return _lines_of(file, owners, self._stream, lines, file.seek(0, os.SEEK_END))

    def _take(self, final: bool = False) -> list[Line]:
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size < self._at:  # emptied
            self._at, self._owners = 0, Owners(self._owners.file, 0)
        quiet, self._seen = final or size == self._seen, size
        raw = read(self._file, self._at, size)
        self._owners.read_new()  # after the log: what is written first is read last
        lines = []
        for offset, line in split(raw, self._at):
            if not quiet and not (line.endswith(b"\n") and self._owners.knows(offset)):
                break
            lines.append(self._owners.line(offset, line, self._stream))
            self._at = offset + len(line)
        self._owners.forget(self._at)
        return lines


def _lines_of(
    file: BinaryIO, index: BinaryIO | None, stream: str, lines: int, end: int
) -> list[Line]:
    """Return the last `lines` lines (0: all) before `end`; closes the index."""
    start = start_of_last(file, end, lines) if lines else 0
    owners = Owners(index, start)
    if index is not None:
        index.close()
    return [owners.line(at, raw, stream) for at, raw in split(read(file, start, end), start)]
