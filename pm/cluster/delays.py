"""What the program will do later: while something waits, a run is not over."""

from __future__ import annotations

from collections.abc import Callable

from ..master.loop import Loop, Timer, now


class Delays:
    """The program's timers."""

    def __init__(self, loop: Loop, fired: Callable[[], object]) -> None:
        self._loop = loop
        self._fired = fired
        """Called after each."""
        self._timers: set[Timer] = set()

    def __len__(self) -> int:
        return sum(timer.action is not None for timer in self._timers)

    def add(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Call something after that many seconds."""

        def fire() -> None:
            self._timers.discard(timer)
            self._fired()
            function()

        timer = self._loop.call_at(now() + seconds, fire)
        self._timers = {timer, *(other for other in self._timers if other.action is not None)}
        return timer

    def cancel(self) -> None:
        """Forget all of them."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
