"""One log file: appended to in whole chunks, rotated by size, its index kept beside it.

Nothing here waits for a reader of the log, and nothing raises: what cannot be written is
counted and dropped, said once, and tried again with the next chunk.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress

from ...logpieces import remove_pieces
from ...record import dataclass
from .logloop import Loop
from .logowners import IndexFile, Writer
from .logrotate import Packer, shift

LONGEST = 1 << 16
"""Bytes of one line that are kept together; a longer line may be cut by rotation."""
_NEWLINE = 10
_RETRY = 1.0  # seconds until a failed rotation or a vanished file is looked at again


@dataclass(frozen=True)
class LogPath:
    """Where a log and its index lie."""

    path: str
    index: str


@dataclass(frozen=True)
class Rotation:
    """When a log is rotated: over `max_size` bytes (0: never); `keep` old pieces remain."""

    max_size: int = 10_000_000
    keep: int = 10
    compress: bool = True


_NOBODY = Writer(-1, 0, False)


class LogFile:
    """The one writer of a log file."""

    def __init__(
        self, where: LogPath, rotation: Rotation, say: Callable[[str], None], loop: Loop
    ) -> None:
        # A link stays where it is: what it leads to is rotated.
        self._path, self._index_path = os.path.realpath(where.path), os.path.abspath(where.index)
        self._rotation, self._say = rotation, say
        bases = (self._path, self._index_path)
        compress = rotation.compress and rotation.max_size > 0
        self._packer = Packer(bases, rotation.keep, loop) if compress else None
        self._index = IndexFile(self._index_path)
        self._fd = -1
        self._regular = False
        self._size = 0
        self._unfinished: Writer | None = None
        self._failure, self._dropped, self._stuck = "", 0, False
        self._check_at = self._rotate_at = 0.0

    def append(self, who: Writer, data: bytes | bytearray, end: int) -> None:
        """Append data[:end], rotating between lines where the size asks for it."""
        start = 0
        try:
            while start < end:
                self._look()
                stop = self._cut(who, data, start, end)
                if stop > start:
                    self._write(who, data, start, stop)
                    start = stop
                else:
                    self._rotate()
        except OSError as error:
            self._drop(error, data.count(b"\n", start, end) or 1)

    def create(self) -> None:
        """Open, so that the file is there before its first line; says why if it cannot."""
        try:
            self._look()
        except OSError as error:
            self._drop(error, 0)

    def flush(self) -> None:
        """Empty the log and its index, and remove their rotated pieces."""
        with suppress(OSError):
            self._look()
            if self._regular:
                os.ftruncate(self._fd, 0)
                self._index.clear()
                self._size, self._unfinished = 0, None
                remove_pieces(self._path)
                remove_pieces(self._index_path)

    def close(self) -> None:
        """Close the files; the next `append` opens them again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._index.close()

    def stop(self) -> None:
        """Close the files and end the helper that compresses."""
        self.close()
        if self._packer:
            self._packer.stop()

    def _look(self) -> None:
        """Open log and index unless they are open and in place; raises OSError."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + _RETRY
            if self._fd >= 0 and self._regular and not self._in_place():
                self.close()
        if self._fd < 0:
            self._open()

    def _open(self) -> None:
        os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
        # Never wait for the reader of a fifo; a regular file does not know O_NONBLOCK.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY
        self._fd = os.open(self._path, flags | os.O_CLOEXEC, 0o600)
        info = os.fstat(self._fd)
        self._regular, self._size = stat.S_ISREG(info.st_mode), info.st_size
        self._unfinished = None
        if self._regular:
            self._unfinished = _NOBODY if _torn(self._path) else None
            self._index.open(self._size)
            if self._packer:
                self._packer.start()

    def _in_place(self) -> bool:
        try:
            there = os.stat(self._path)
        except OSError:
            return False
        ours = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _cut(self, who: Writer, data: bytes | bytearray, start: int, end: int) -> int:
        """Return up to where data fits into this file; `start` asks for a rotation first."""
        room = self._rotation.max_size - self._size
        if end - start <= room or not self._rotates():
            return end
        if who is self._unfinished:
            first = data.find(b"\n", start, end) + 1 or end
            if first - start <= room + LONGEST:
                return first
        fits = data.rfind(b"\n", start, start + max(room, 0)) + 1
        if fits or self._size:
            return fits or start
        return data.find(b"\n", start, end) + 1 or end

    def _rotates(self) -> bool:
        may = self._regular and self._rotation.max_size > 0
        return may and time.monotonic() >= self._rotate_at

    def _rotate(self) -> None:
        """Give the log the name PATH.1; where that fails it grows on, and we try again later."""
        try:
            shift((self._path, self._index_path), self._rotation.keep)
            for path in (self._path, self._index_path):
                with suppress(FileNotFoundError):
                    if self._rotation.keep:
                        os.rename(path, f"{path}.1")
                    else:
                        os.unlink(path)
        except OSError as error:
            self._rotate_at = time.monotonic() + _RETRY
            if not self._stuck:
                self._say(f"log {self._path} cannot be rotated and grows: {error.strerror}")
            self._stuck = True
        else:
            if self._stuck:
                self._say(f"log {self._path} can be rotated again")
            self._stuck = False
            self.close()

    def _write(self, who: Writer, data: bytes | bytearray, start: int, stop: int) -> None:
        """Write data[start:stop], on a line of its own if another's is unfinished."""
        if self._unfinished is not None and self._unfinished is not who:
            os.write(self._fd, b"\n")
        rest = memoryview(data)[start:stop]
        while rest:
            rest = rest[os.write(self._fd, rest) :]
            ended = data[stop - len(rest) - 1] == _NEWLINE
            self._unfinished = None if ended else who
        if self._regular:
            self._size = os.lseek(self._fd, 0, os.SEEK_CUR)
            self._index.note(who, self._size - (stop - start), self._size)
        if self._failure:
            self._say(f"log {self._path} can be written again; {self._dropped} lines are lost")
            self._failure, self._dropped = "", 0

    def _drop(self, error: OSError, lines: int) -> None:
        """Count what could not be written; say why, once."""
        self._dropped += lines
        if self._unfinished is not None:
            self._unfinished = _NOBODY
        reason = error.strerror or str(error)
        if reason != self._failure:
            self._say(f"log {self._path} cannot be written, its lines are dropped: {reason}")
        self._failure = reason


def _torn(path: str) -> bool:
    """True if a file ends within a line."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        return size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
