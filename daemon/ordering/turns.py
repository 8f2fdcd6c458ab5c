"""Whose turn it is on one app: first come, first served, but what ends an app goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pm.errors import Failed
from pm.record import dataclass, field

from .course import Course

T = TypeVar("T")

_TYPED = {"resume": "start"}
"""Requests with another name than the command that is typed for them."""


@dataclass(frozen=True)
class Ticket:
    """Who asks for an operation: the command's name, and the request whose progress it is."""

    verb: str
    request: str = ""
    course: Course = field(default_factory=Course)
    """What becomes of the other apps of the request."""


@dataclass(eq=False)
class _Turn:
    verb: str
    ends: bool
    task: asyncio.Task[object]
    superseded_by: str = ""


class Turns:
    """The operations on one app, running and waiting."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._lock = asyncio.Lock()
        self._turns: list[_Turn] = []

    async def run(self, verb: str, work: Callable[[], Awaitable[T]], ends: bool = False) -> T:
        """Do `work` when its turn has come; with `ends`, cut off what does not end the app.

        Raises Failed in the operation that was cut off, saying by what.
        """
        if ends:
            self._cut_off(verb)
        task = asyncio.ensure_future(self._in_turn(work))
        turn = _Turn(verb, ends, task)
        self._turns.append(turn)
        try:
            return await task
        except asyncio.CancelledError:
            if not turn.superseded_by:
                task.cancel()
                raise
            typed = _TYPED.get(verb, verb)
            message = f"`{typed}` of `{self._app}` was superseded by `{turn.superseded_by}`"
            raise Failed(message) from None
        finally:
            self._turns.remove(turn)

    async def _in_turn(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._lock:
            return await work()

    def _cut_off(self, verb: str) -> None:
        for turn in self._turns:
            if not turn.ends and not turn.superseded_by:
                turn.superseded_by = verb
                turn.task.cancel()
