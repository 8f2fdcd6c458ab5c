"""Compress files: run by path as a process of its own, `logpack.py FROM TO [FROM TO ...]`.

Says `ok` on standard output when all are written and safe on disk. The names belong to the
process that asked: this one neither renames nor deletes. The copy keeps the time of the last
write, by which readers tell the age of a piece.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys


def pack(source: str, target: str) -> None:
    """Write a gzip copy; raises OSError, also if `target` exists."""
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb") as raw, open(source, "rb") as plain:
        with gzip.GzipFile("", "wb", 6, raw) as packed:
            shutil.copyfileobj(plain, packed, 1 << 18)
        raw.flush()
        os.fsync(raw.fileno())
        info = os.fstat(plain.fileno())
        os.utime(raw.fileno(), ns=(info.st_atime_ns, info.st_mtime_ns))


def main(names: list[str]) -> int:
    """Compress each file; exit code 1 if one of them could not be."""
    os.nice(19)
    try:
        for at in range(0, len(names), 2):
            pack(names[at], names[at + 1])
        os.write(1, b"ok\n")
    except OSError as error:
        print(f"cannot compress {names[0]}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
