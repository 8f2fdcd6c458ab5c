"""The daemon's own log, `$PM_HOME/pm.log`: rotated by size, compressed, 0600.

Masters append to the same open file, so it is never renamed: it is copied away and emptied.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import shutil

_MAX_SIZE = 10_000_000
_KEPT = 10


class OwnLog(logging.Handler):
    """Writes log records to a file that others append to as well."""

    def __init__(self, path: str, max_size: int = _MAX_SIZE, kept: int = _KEPT) -> None:
        """Open the file; raises OSError."""
        super().__init__()
        self.fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._path = path
        self._max_size = max_size
        self._kept = kept
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a full disk is nobody's reason to stop."""
        try:
            os.write(self.fd, f"{self.format(record)}\n".encode(errors="replace"))
            if os.fstat(self.fd).st_size > self._max_size:
                self._rotate()
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            os.close(self.fd)
        super().close()

    def _rotate(self) -> None:
        for number in range(self._kept - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number}.gz", f"{self._path}.{number + 1}.gz")
        fresh = f"{self._path}.1.gz.new"
        with open(self._path, "rb") as full, open(fresh, "wb", opener=_private) as file:
            with gzip.open(file, "wb", compresslevel=1) as packed:
                shutil.copyfileobj(full, packed)
            os.ftruncate(self.fd, 0)
        os.replace(fresh, f"{self._path}.1.gz")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
