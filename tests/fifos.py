"""Gates for processes under test: a FIFO that one of them reads before it goes on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tests.waiting import until


def open_once_read(path: Path) -> int:
    """Return the write end of a FIFO once somebody reads it; fails after a while, never hangs."""
    return until(lambda: _opened(path), f"somebody reads {path.name}", 30)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return 0
