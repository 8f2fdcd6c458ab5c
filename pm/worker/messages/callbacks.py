"""Functions of the app that pm calls: on pm's thread, or on the event loop they belong to."""

from __future__ import annotations

import sys

from ..link import LOCK

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

    Then = Callable[[Any, BaseException | None], None]
    """Told how a call has ended: its result, or what was raised."""

_PATIENCE = 1.0


class Callback:
    """One function, and the loop that ran in the thread that registered it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        import inspect

        self.function = function
        self.loop = running_loop()
        self.waits = self.loop is None and inspect.iscoroutinefunction(function)
        """It is async and was registered before the loop runs, which it waits for (`loopwait`)."""
        self._tasks: set[Any] = set()
        self.takes = _takes(inspect, function)
        """How many arguments it is given, of those there are; at most two."""

    def call(self, args: tuple[Any, ...], then: Then) -> None:
        """Call it with as many of `args` as it takes; returns when the call has begun."""
        args = args[: self.takes]
        loop = self.loop  # while we wait, another may take its place
        if loop is None:
            return self._begin(args, then)
        begun = LOCK()
        begun.acquire()

        def begin() -> None:
            begun.release()
            self._begin(args, then)

        try:
            loop.call_soon_threadsafe(begin)
        except RuntimeError as error:  # closed
            return then(None, error)
        while not begun.acquire(True, _PATIENCE):
            if loop.is_closed():
                return then(None, RuntimeError("the event loop is closed"))

    def _begin(self, args: tuple[Any, ...], then: Then) -> None:
        try:
            result = self.function(*args)
        except Exception as error:
            return then(None, error)
        if self.loop is None or not hasattr(result, "__await__"):
            return then(result, None)
        task = self.loop.create_task(_finish(result, then))
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)


async def _finish(awaitable: Any, then: Then) -> None:
    try:
        result = await awaitable
    except Exception as error:
        then(None, error)
    else:
        then(result, None)


def running_loop() -> Any:
    """Return the asyncio loop that runs in this thread, or None."""
    events = sys.modules.get("asyncio.events")
    return events._get_running_loop() if events is not None else None


def _takes(inspect: Any, function: Callable[..., Any]) -> int:
    """Count the arguments it must have; a second one named `sender` counts with a default too."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a C function does not say
        return 1
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 1
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(plain) > 1 and (plain[1].default is plain[1].empty or plain[1].name == "sender"):
        return 2
    return min(1, len(plain))


def report(_result: Any, error: BaseException | None) -> None:
    """Print what was raised, with its traceback, to the app's standard error."""
    if error is not None:
        import traceback

        traceback.print_exception(type(error), error, error.__traceback__)
