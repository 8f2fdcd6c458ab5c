"""Files of a log: its rotated pieces, and finding lines in one of them."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

_BLOCK = 1 << 16


def start_of_last(file: BinaryIO, end: int, lines: int) -> int:
    """Return where the last `lines` lines before `end` begin; an unfinished one counts."""
    at, missing = end, lines
    while at > 0:
        start = max(0, at - _BLOCK)
        block = read(file, start, at)
        # The newline that ends the very last line begins no line.
        place = len(block) - 1 if at == end else len(block)
        while missing and (place := block.rfind(b"\n", 0, place)) >= 0:
            missing -= 1
        if not missing:
            return start + place + 1
        at = start
    return 0


def split(raw: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `raw`, which begins at `at`, each with its offset."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start) + 1 or len(raw)
        yield at + start, raw[start:end]
        start = end


def read(file: BinaryIO, start: int, end: int) -> bytes:
    """Return the bytes from `start` to `end`."""
    file.seek(start)
    return file.read(end - start)


def same(path: str, file: BinaryIO) -> bool:
    """True if `path` leads to the file that is open."""
    ours = os.fstat(file.fileno())
    try:
        there = os.stat(path)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def pieces(path: str) -> Iterator[str]:
    """Yield the rotated files of a log that exist, the latest first."""
    number = 1
    while any(os.path.exists(name := f"{path}.{number}{form}") for form in ("", ".gz")):
        yield name
        number += 1


def remove_pieces(path: str) -> None:
    """Remove the rotated files of a log or an index, whatever numbers are missing between them."""
    folder, base = os.path.split(path)
    for name in os.listdir(folder):
        number = name[len(base) + 1 :].removesuffix(".gz")
        if name.startswith(f"{base}.") and number.isascii() and number.isdigit():
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def open_piece(name: str) -> BinaryIO | None:
    """Open a rotated file, or its compressed form unpacked into memory; None if it is gone."""
    plain = None if name.endswith(".gz") else open_quietly(name)
    if plain is not None:
        return plain
    try:
        with gzip.open(name.removesuffix(".gz") + ".gz") as packed:
            return io.BytesIO(packed.read())
    except (OSError, EOFError):
        return None


def open_quietly(name: str) -> BinaryIO | None:
    """Open for reading, without a buffer; None if that is not possible."""
    try:
        return open(name, "rb", buffering=0)
    except OSError:
        return None
