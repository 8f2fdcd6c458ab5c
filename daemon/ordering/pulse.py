"""Wakes all that wait for anything to change."""

from __future__ import annotations

import asyncio

from pm.errors import Failed


class Pulse:
    """Beats at each change."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self._last = False

    def beat(self) -> None:
        """Have everything looked at anew that waits."""
        beaten, self._next = self._next, asyncio.Event()
        beaten.set()

    def stop(self) -> None:
        """Let nobody wait any more: the daemon ends."""
        self._last = True
        self.beat()

    async def wait(self) -> None:
        """Wait for the next beat; raises Failed if there will be none."""
        await self._next.wait()
        if self._last:
            hint = "the next daemon goes on with it: see `pm list`"
            raise Failed("the daemon ended before this was done", hint)
