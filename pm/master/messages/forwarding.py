"""Messages to other apps: the daemon delivers them, and says what has become of each."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from typing import Any

from ...control import Forward, Forwarded
from ..loop import Loop, Timer, now
from ..reply import answer
from ..workers.worker import Worker
from .postoffice import Full

_PATIENCE = 10.0
"""Seconds that the daemon has to answer."""
_LONGEST_NAME = 200


class Forwarding:
    """The messages of one app that are on their way."""

    def __init__(self, loop: Loop, spend: Callable[[int], None]) -> None:
        self._loop = loop
        self._spend = spend
        """Takes the length of a message off the app's allowance; raises Full."""
        self.ask: Callable[[Forward], bool] = lambda _: False
        """Asks the daemon; False if there is none."""
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[int, Timer]] = {}
        """Reply sockets of those who have sent."""
        self.verbs = {"send-to": self._take}
        """What is asked of us on the workers' links."""

    def _take(self, _: Worker, head: dict[str, Any], body: bytes, fds: list[int]) -> None:
        reply, app, message = fds[0], str(head["app"])[:_LONGEST_NAME], json.loads(body)
        try:
            self._spend(len(body))
        except Full as error:
            return answer(reply, {"full": error.message}, [])
        number = next(self._numbers)
        late = f"the daemon has not answered within {_PATIENCE:g} s"
        timer = self._loop.call_at(now() + _PATIENCE, lambda: self._end(number, late))
        self._waiting[number] = os.dup(reply), timer
        if not self.ask(Forward(number, app, message)):
            self._end(number, "the daemon does not run, which delivers to other apps")

    def done(self, forwarded: Forwarded) -> None:
        """Pass on what has become of a message; it may be too late for that."""
        self._end(forwarded.id, forwarded.error)

    def cut(self) -> None:
        """Give up what a daemon has not answered before its end."""
        for number in list(self._waiting):
            self._end(number, "the daemon ended before it had answered")

    def _end(self, number: int, failure: str) -> None:
        reply, timer = self._waiting.pop(number, (-1, None))
        if timer is not None:
            timer.cancel()
            answer(reply, {"failed": failure} if failure else {"errno": 0}, [])
            os.close(reply)
