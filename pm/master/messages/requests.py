"""Requests: a question to one process of the app that gets one answer, or the reason why not.

Workers ask each other by slot (`pm.cluster.request`), the shell asks for an action (`pm trigger`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from typing import Any

from ...model import State
from ...record import dataclass
from ...worker.messages.frames import frame
from ..loop import Loop, Timer, now
from ..reply import answer
from ..workers.worker import Worker
from .mailbox import REQUEST, Mailbox
from .postoffice import Sender

Then = Callable[[bytes, str], None]
"""Told how a request has ended: the answer as JSON, or why there is none."""

_MOST = 1024
"""Requests of one worker that may be open."""
_LONGEST = 86400.0
_WORDS = 2000


@dataclass(eq=False)
class _Open:
    """A request that is not answered yet."""

    worker: Worker
    """Who is asked."""
    box: Mailbox
    then: Then
    timer: Timer


class Requests:
    """The open requests of one app."""

    def __init__(self, loop: Loop, workers: Iterable[Worker]) -> None:
        self._loop = loop
        self._workers = workers
        self._numbers = itertools.count(1)
        self._open: dict[int, _Open] = {}
        self._asking: dict[int, int] = {}
        """Open requests by the launch of who asks."""
        self.verbs = {"request": self._ask_slot, "answer": self._answered}
        """What is asked of us on the workers' links."""

    def ask(
        self, worker: Worker, box: Mailbox, head: dict[str, object], body: bytes,
        timeout: float, then: Then,
    ) -> int:  # fmt: skip
        """Ask a process; `then` is told within `timeout` seconds. Returns the request's number."""
        number = next(self._numbers)
        letter = frame({**head, "n": number}, body)
        if not box.has_room(letter):
            then(b"", f"slot {worker.slot}, pid {box.pid}, does not read its messages")
            return number
        late = f"slot {worker.slot} has not answered within {timeout:g} s"
        timer = self._loop.call_at(now() + timeout, lambda: self._end(number, b"", late))
        self._open[number] = _Open(worker, box, then, timer)
        box.put(letter)
        return number

    def _ask_slot(
        self, worker: Worker, message: dict[str, Any], body: bytes, fds: list[int]
    ) -> None:
        slot, timeout = int(message["slot"]), float(message["timeout"])
        sender: Sender = (worker.launch, worker.slot, int(message["pid"]))
        if not 0 < timeout <= _LONGEST:
            timeout = _LONGEST
        if self._asking.get(worker.launch, 0) >= _MOST:
            return answer(fds[0], {"failed": f"over {_MOST} requests of this worker are open"}, [])
        found = self._owner(slot)
        if isinstance(found, str):
            return answer(fds[0], {"failed": found}, [])
        head: dict[str, object] = {"do": "request", "from": sender}
        reply = os.dup(fds[0])
        try:
            self._loop.watch(reply, 0, lambda _: self._end(number, b"", "given up"))
        except OSError:  # not a socket
            os.close(reply)
            raise
        number = self.ask(*found, head, body, timeout, self._answer_on(worker, reply))

    def _answer_on(self, worker: Worker, reply: int) -> Then:
        """Return what answers a worker, and closes the reply socket."""
        self._asking[worker.launch] = self._asking.get(worker.launch, 0) + 1

        def then(body: bytes, failure: str) -> None:
            self._loop.forget(reply)
            self._asking[worker.launch] -= 1
            if not self._asking[worker.launch]:
                del self._asking[worker.launch]
            answer(reply, {"failed": failure} if failure else {"errno": 0}, [], body)
            os.close(reply)

        return then

    def _owner(self, slot: int) -> tuple[Worker, Mailbox] | str:
        """Return who answers for a slot, or why nobody does."""
        there = [worker for worker in self._workers if worker.slot == slot]
        if not there:
            return f"no worker runs in slot {slot}"
        there.sort(key=lambda worker: worker.state is not State.ONLINE)  # else one that drains
        for worker in there:
            boxes = worker.shelf.listening(REQUEST)
            if boxes:
                return worker, next((b for b in boxes if b.pid == worker.pid), boxes[-1])
        if there[0].state is State.LAUNCHING:
            return f"the worker of slot {slot} is not ready yet"
        return f"the worker of slot {slot} answers no requests: it has no @pm.on_request"

    def _answered(self, worker: Worker, message: dict[str, Any], body: bytes, _: list[int]) -> None:
        number = int(message["n"])
        if self._open[number].worker is worker:
            failure = str(message.get("error", ""))[:_WORDS]
            self._end(number, body, failure if failure or body else "the answer is empty")

    def box_ended(self, box: Mailbox) -> None:
        """Fail the requests to a process that has gone."""
        for number, request in list(self._open.items()):
            if request.box is box:
                slot = request.worker.slot
                self._end(number, b"", f"slot {slot}, pid {box.pid}, has died before its answer")

    def _end(self, number: int, body: bytes, failure: str) -> None:
        request = self._open.pop(number)
        request.timer.cancel()
        request.then(b"" if failure else body, failure)
