"""What an app listens for: messages, requests, actions, and its own end.

Without a master nothing ever comes, and registering does nothing.
"""

from __future__ import annotations

import os
from functools import partial

from .. import here
from ..link import LOCK
from .callbacks import Callback, report
from .loopwait import when_it_runs
from .mailbox import Mailbox
from .mailerrors import MessageTooLarge
from .post import encode

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])


class Sender:
    """Who sent a message: a worker, or (slot -1) the master or the shell."""

    __slots__ = ("id", "pid", "slot")

    def __init__(self, id: int, slot: int, pid: int) -> None:
        self.id = id
        self.slot = slot
        self.pid = pid

    def __repr__(self) -> str:
        return f"Sender(id={self.id}, slot={self.slot}, pid={self.pid})"


class _State:
    """The mailbox of this process and who is behind it."""

    def __init__(self) -> None:
        self.lock = LOCK()
        self.box: Mailbox | None = None
        self.on_message: list[Callback] = []
        self.on_request: Callback | None = None
        self.actions: dict[str, Callback] = {}
        self.on_stop: list[Callback] = []
        self.drained = False

    def listen(self, what: str, put: Callable[[_State], None]) -> None:
        with self.lock:  # the drain comes before or after, and takes all hooks that are waited for
            put(self)
            if what == "stop" and self.drained:
                return
            if self.box is None:
                self.box = box = Mailbox()
                box.takers = {"message": _message, "request": _request, "action": _action}
                box.on_drain = _drain
            self.box.hear(what)


_state = _State()


def _forget() -> None:
    """Begin anew in a forked child: it listens only if it says so itself."""
    global _state
    if _state.box is not None:
        _state.box.close()
    _state = _State()


os.register_at_fork(after_in_child=_forget)


def on_message(function: Function) -> Function:
    """Have `function(message)`, or `function(message, sender)`, called for each message.

    May be used as a decorator, and more than once. It is called on one thread of pm's, one
    message after the other; or on the event loop, if one runs where it is registered, or if it
    is async and one runs there later.
    """
    return _register(function, "message", lambda state, callback: state.on_message.append(callback))


def on_request(function: Function) -> Function:
    """Have `function(message)` answer the requests of other workers, by what it returns."""

    def put(state: _State, callback: Callback) -> None:
        state.on_request = callback

    return _register(function, "request", put)


def action(name: str) -> Callable[[Function], Function]:
    """Have the decorated function called by `pm trigger APP name [JSON]`, and its result shown."""

    def put(state: _State, callback: Callback) -> None:
        state.actions[name] = callback

    return lambda function: _register(function, f"action {name}", put)


def on_stop(function: Function) -> Function:
    """Have `function()` called when this worker begins to drain, before the stop signal.

    The master waits for its end, at most as long as for open connections (`kill_timeout`).
    """
    return _register(function, "stop", lambda state, callback: state.on_stop.append(callback))


def _register(function: Function, what: str, put: Callable[[_State, Callback], None]) -> Function:
    """Have a function called for something, once it has a place to run; returns it."""
    if here.link is None:
        return function
    callback = Callback(function)

    def begin() -> None:
        _state.listen(what, lambda state: put(state, callback))

    when_it_runs(callback, begin)
    return function


def _message(head: dict[str, Any], body: Any) -> None:
    for callback in list(_state.on_message):
        callback.call((body, Sender(*head["from"])), report)


def _request(head: dict[str, Any], body: Any) -> None:
    if _state.on_request is not None:
        _state.on_request.call((body, Sender(*head["from"])), _answer_to(head["n"]))


def _action(head: dict[str, Any], body: Any) -> None:
    callback = _state.actions.get(head["name"])
    if callback is not None:
        callback.call((body, Sender(*head["from"])), _answer_to(head["n"]))


def _answer_to(number: int) -> Callable[[Any, BaseException | None], None]:
    def answer(result: Any, error: BaseException | None) -> None:
        head: dict[str, object] = {"do": "answer", "n": number}
        body = b""
        if error is None:
            try:
                body = encode(result)
            except (TypeError, MessageTooLarge) as unfit:
                error = unfit
        else:
            report(None, error)
        if error is not None:
            head["error"] = f"{type(error).__name__}: {error}"[:2000]
        try:
            if here.link is not None:
                here.link.tell(head, [], body)
        except OSError:  # the master has gone: nobody asks any more
            pass

    return answer


def _drain() -> None:
    """Call the drain hooks, and tell the master when the last has ended."""
    state = _state
    with state.lock:
        state.drained = True
        left = list(state.on_stop)

    def ended(callback: Callback, _: Any, error: BaseException | None) -> None:
        report(None, error)
        left.remove(callback)
        if not left:
            _say_stopped()

    for callback in list(left):
        callback.call((), partial(ended, callback))


def _say_stopped() -> None:
    try:
        if here.link is not None:
            here.link.tell({"do": "stopped", "pid": os.getpid()}, [])
    except OSError:
        pass
