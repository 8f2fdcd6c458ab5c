"""`pm send` and `pm trigger`: messages from the shell to the workers of the app."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from ...codec import suggest
from ...errors import Failed
from ...model import ActionResult
from ..workers.worker import Worker
from .mailbox import ACTION, MESSAGE, Mailbox
from .postoffice import NOBODY, PostOffice, encode
from .requests import Requests

Slots = tuple[int, ...] | None
_ROOM = 8 << 20
"""Bytes of all answers together: they go to the daemon in one line."""


class Shell:
    """What the shell may ask."""

    def __init__(self, post: PostOffice, requests: Requests, workers: Iterable[Worker]) -> None:
        self._post = post
        self._requests = requests
        self._workers = workers

    def send(self, slots: Slots, message: object) -> str:
        """Send a message; returns who took it. Raises Failed if nobody listens."""
        chosen = self._chosen(slots)
        taken = [worker for worker in chosen if worker.shelf.listening(MESSAGE)]
        if not taken:
            raise Failed("no worker listens for messages", "`@pm.on_message` in the app does")
        self._post.deliver(taken, NOBODY, encode(message))
        return f"taken by {_count(len(taken))}" + (
            f", {len(chosen) - len(taken)} not listening" if len(chosen) > len(taken) else ""
        )

    def trigger(
        self, slots: Slots, action: str, message: object, timeout: float,
        then: Callable[[list[ActionResult]], None],
    ) -> None:  # fmt: skip
        """Call an action in each process that has it; `then` is given all the answers.

        Raises Failed if none has it.
        """
        what = ACTION + action
        asked = [(w, box) for w in self._chosen(slots) for box in w.shelf.listening(what)]
        if not asked:
            raise self._unknown(slots, action)
        body = encode(message)
        results: list[ActionResult] = []

        def ask(worker: Worker, box: Mailbox) -> None:
            def ended(answer: bytes, failure: str) -> None:
                results.append(_result(worker, box, answer, failure, _ROOM // len(asked)))
                if len(results) == len(asked):
                    then(sorted(results, key=lambda one: (one.slot, one.pid)))

            head: dict[str, object] = {"do": "action", "name": action, "from": NOBODY}
            self._requests.ask(worker, box, head, body, timeout, ended)

        for worker, box in asked:
            ask(worker, box)

    def _chosen(self, slots: Slots) -> list[Worker]:
        """Return the running workers in these slots; raises Failed if there is none."""
        chosen = [w for w in self._workers if w.pid and (slots is None or w.slot in slots)]
        if not chosen:
            raise Failed("no worker is running", "`pm start` starts it")
        return chosen

    def _unknown(self, slots: Slots, action: str) -> Failed:
        heard = {
            h for w in self._chosen(slots) for box in w.shelf.boxes.values() for h in box.hears
        }
        known = sorted(name[len(ACTION) :] for name in heard if name.startswith(ACTION))
        if not known:
            return Failed(
                "no worker has any action", f'`@pm.action("{action}")` in the app makes one'
            )
        shown = ", ".join(f"`{name}`" for name in known[:20])
        return Failed(f"no worker has an action `{action}`; known: {shown}", suggest(action, known))


def _result(worker: Worker, box: Mailbox, answer: bytes, failure: str, room: int) -> ActionResult:
    value: object = None
    if not failure and len(answer) > room:
        failure = f"the answer has {len(answer)} bytes: too many to be shown"
    if not failure:
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            failure = "the answer is not JSON"
    return ActionResult(worker.slot, box.pid, value, failure)


def _count(number: int) -> str:
    return f"{number} worker{'' if number == 1 else 's'}"
