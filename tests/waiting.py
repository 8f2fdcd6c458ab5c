"""The one place where tests wait for something that sends no event to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = 30.0) -> T:
    """Return the first true value of `look`; fails with `what` once `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last: {found!r}"
        time.sleep(0.01)
    return found
