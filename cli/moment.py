"""Points in time as they are shown."""

from __future__ import annotations

import time


def moment(at: float) -> str:
    """Return local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
