"""Events with listeners, as Node's EventEmitter has them; known names only."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

NAMES = ("fork", "online", "listening", "message", "disconnect", "exit", "setup", "error")


class Emitter:
    """Who has events."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[tuple[Callable[..., Any], Callable[..., Any]]]] = {}
        """By event: what was registered, and what is called."""

    def on(self, event: str, callback: F | None = None) -> Any:
        """Call something at each event; without a callback, decorate one. Returns the callback.

        A callback that takes fewer arguments than the event has gets the first ones. Raises
        ValueError for an event that there is not.
        """
        if callback is None:
            return lambda function: self.on(event, function)
        self._add(event, callback, callback)
        return callback

    def once(self, event: str, callback: F | None = None) -> Any:
        """As `on`, for the next event only."""
        if callback is None:
            return lambda function: self.once(event, function)

        def call(*args: Any) -> Any:
            self.off(event, callback)
            return callback(*args[: _takes(callback)])

        self._add(event, callback, call)
        return callback

    def off(self, event: str, callback: Callable[..., Any]) -> None:
        """Call it no more; it need not be registered."""
        found = self._listeners.get(_known(event), [])
        for entry in reversed(found):
            if entry[0] == callback:
                return found.remove(entry)

    def listeners(self, event: str) -> list[Callable[..., Any]]:
        """Return the callbacks of an event, in the order in which they are called."""
        return [registered for registered, _ in self._listeners.get(_known(event), [])]

    def emit(self, event: str, *args: Any) -> list[Any]:
        """Call all listeners of an event; returns what they have returned."""
        return [
            call(*args[: _takes(call)]) for _, call in list(self._listeners.get(_known(event), []))
        ]

    def clear(self) -> None:
        """Forget all listeners."""
        self._listeners.clear()

    def _add(self, event: str, registered: Callable[..., Any], call: Callable[..., Any]) -> None:
        self._listeners.setdefault(_known(event), []).append((registered, call))


def _known(event: str) -> str:
    if event not in NAMES:
        raise ValueError(f"there is no event {event!r}: the events are {', '.join(NAMES)}")
    return event


def _takes(callback: Any) -> int | None:
    """Return how many positional arguments a function takes; None if any number will do."""
    code = getattr(callback, "__code__", None)
    bound = 0
    if code is None:
        function = getattr(callback, "__func__", None)
        code, bound = getattr(function, "__code__", None), 1
    if code is None or code.co_flags & 0x04:  # a builtin, a partial, or *args
        return None
    count: int = code.co_argcount - bound
    return count
