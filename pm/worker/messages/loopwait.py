"""Async functions registered at import, before the app's event loop runs.

Nobody says where they belong; so they belong to the loop that runs next in the thread that has
registered them, or, if that is closed and another one runs, to that. Until then they take nothing.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from .callbacks import Callback

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable


class _Waiting:
    """One of them, and what is to be done when its loop runs first."""

    def __init__(self, callback: Callback, begin: Callable[[], None]) -> None:
        self.callback = callback
        self.begin = begin
        self.thread = get_ident()
        self.begun = False


_all: list[_Waiting] = []


def when_it_runs(callback: Callback, begin: Callable[[], None]) -> None:
    """Call `begin` when the callback has its loop: now, unless it waits for one."""
    if not callback.waits:
        return begin()
    from asyncio import base_events

    _all.append(_Waiting(callback, begin))
    follow(base_events.BaseEventLoop)
    uvloop: Any = sys.modules.get("uvloop")
    if uvloop is not None:
        follow(uvloop.Loop)


def follow(kind: Any) -> None:
    """Learn when loops of this class begin to run."""
    plain = kind.__dict__.get("run_forever") or kind.run_forever
    if getattr(plain, "pm_follows", False):
        return

    def run_forever(self: Any) -> Any:
        _runs(self)
        return plain(self)

    run_forever.pm_follows = True  # type: ignore[attr-defined]
    kind.run_forever = run_forever


def _runs(loop: Any) -> None:
    for waiting in _all:
        if waiting.thread == get_ident():
            waiting.callback.loop = loop
            if not waiting.begun:
                waiting.begun = True
                waiting.begin()


def _keep_those_that_wait() -> None:
    """In a forked child: its parent listens for the others."""
    _all[:] = [waiting for waiting in _all if not waiting.begun]


os.register_at_fork(after_in_child=_keep_those_that_wait)
