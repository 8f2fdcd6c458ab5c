"""Compress files: run by path as a process of its own, `logpack.py FROM INODE TO ...`.

Says `ok` on standard output when all are written and safe on disk, `gone` if a file was not
there any more. The names belong to the
process that asked: this one neither renames nor deletes, and leaves alone what another rotation
has put under the name meanwhile. The copy keeps the time of the last write, by which readers
tell the age of a piece.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys


def pack(source: str, inode: int, target: str) -> None:
    """Write a gzip copy; raises OSError, FileNotFoundError if the source is not that inode."""
    with open(source, "rb") as plain:
        info = os.fstat(plain.fileno())
        if info.st_ino != inode:
            raise FileNotFoundError
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as raw:
            with gzip.GzipFile("", "wb", 6, raw) as packed:
                shutil.copyfileobj(plain, packed, 1 << 18)
            raw.flush()
            os.fsync(raw.fileno())
            os.utime(raw.fileno(), ns=(info.st_atime_ns, info.st_mtime_ns))


def main(words: list[str]) -> int:
    """Compress each file; exit code 1 if one of them could not be."""
    os.nice(19)
    try:
        for at in range(0, len(words), 3):
            pack(words[at], int(words[at + 1]), words[at + 2])
        os.write(1, b"ok\n")
    except FileNotFoundError:
        os.write(1, b"gone\n")
    except OSError as error:
        print(f"cannot compress {words[0]}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
