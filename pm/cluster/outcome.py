"""What something that takes its time comes to: waited for in plain code, or in a coroutine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Host(Protocol):
    """Whose loop has to turn until it is done."""

    def turn_until(self, done: Callable[[], bool]) -> None:
        """Let the loop turn until something is done."""

    def join_asyncio(self) -> None:
        """Let the loop turn within the asyncio loop that runs now."""


class Outcome(Generic[T]):
    """A result that comes later: `result()` in plain code, `await` in a coroutine."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._value: T | None = None
        self._told: list[Callable[[], None]] = []
        self._awaited = False
        self.done = False
        self.error: Exception | None = None
        """Why it failed."""

    def succeed(self, value: T) -> None:
        """Come to this result."""
        self._value = value
        self._finish()

    def fail(self, error: Exception) -> None:
        """Come to nothing, for a reason."""
        self.error = error
        if not self._awaited:  # nobody will be told otherwise
            print(f"pm: {error}", file=sys.stderr)
        self._finish()

    def _finish(self) -> None:
        self.done = True
        for told in self._told:
            told()
        self._told.clear()

    def then(self, action: Callable[[], None]) -> None:
        """Do something once it is done."""
        self._awaited = True
        if self.done:
            action()
        else:
            self._told.append(action)

    def result(self) -> T:
        """Serve until it is done, and return it. Raises what it failed with."""
        self._awaited = True
        self._host.turn_until(lambda: self.done)
        return self._get()

    def _get(self) -> T:
        if self.error is not None:
            raise self.error
        return self._value  # type: ignore[return-value]

    def __await__(self) -> Generator[Any, None, T]:
        import asyncio

        self._host.join_asyncio()
        future = asyncio.get_running_loop().create_future()
        self.then(lambda: None if future.done() else future.set_result(None))
        yield from future.__await__()
        return self._get()
