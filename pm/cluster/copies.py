"""This process's copies of shared results: bounded, and gone when their time is up."""

from __future__ import annotations

import time
from collections import OrderedDict

ROOM = 16 << 20
"""Bytes of copies of one function; the oldest give way."""


class Copies:
    """The copies of one function, by key."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> bytes | None:
        """Return a copy that still holds."""
        body, until = self._found.get(key, (None, 0.0))
        return body if time.monotonic() < until else None

    def put(self, key: str, body: bytes, left: float) -> None:
        """Keep a copy for `left` seconds; under a lock of the caller's."""
        self._bytes += len(body) - len(self._found.pop(key, (b"", 0.0))[0])
        self._found[key] = body, time.monotonic() + left
        while self._bytes > ROOM:
            self._bytes -= len(self._found.popitem(last=False)[1][0])
