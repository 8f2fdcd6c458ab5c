"""Events that have happened and wait to be told, in their order, when the loop has its turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from ..master.loop import Loop, now
from .events import Emitter


def refuse(_: Any) -> None:
    """Say that nobody here runs coroutines."""
    raise TypeError("a coroutine listens to an event: serve with `await cluster.serve()`")


class Outbox:
    """What is to be told, and who runs what a listener returns."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._asked = False
        self.schedule: Callable[[Any], None] = refuse
        """Runs a coroutine that a listener has returned."""
        self.on_empty: Callable[[], None] = lambda: None
        """Called when all has been told."""

    def __len__(self) -> int:
        return len(self._waiting)

    def later(self, action: Callable[[], None]) -> None:
        """Do something after all that waits already."""
        self._waiting.append(action)
        self._ask()

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._loop.call_at(now(), self._flush)

    def _flush(self) -> None:
        self._asked = False
        try:
            while self._waiting:
                self._waiting.popleft()()
        finally:
            if self._waiting:  # a listener has raised: the others still get theirs
                self._ask()
        self.on_empty()

    def tell(self, emitter: Emitter, event: str, *args: object) -> None:
        """Call the listeners of an event now. An error that nobody listens for is raised."""
        if event == "error" and not emitter.listeners(event) and isinstance(args[0], Exception):
            raise args[0]
        for result in emitter.emit(event, *args):
            if isinstance(result, Coroutine):
                self.schedule(result)
