"""The post office of one app: messages from a worker, the master or the shell, to workers.

What workers send is hostile input: heads are checked, bodies passed on unread. Bodies are bounded
(`parcel.LIMIT`), queues too (`mailbox`): a full one refuses, and nobody is given the message.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable
from typing import Any

from ...errors import Failed
from ...worker import parcel
from ...worker.messages.frames import frame
from ..loop import Loop
from ..reply import answer
from ..workers.worker import Worker
from .mailbox import ACTION, MESSAGE, MOST, REQUEST, STOP, Mailbox, adopt

Sender = tuple[int, int, int]
"""Id, slot and pid; who is no worker has slot -1."""
NOBODY: Sender = (0, -1, 0)

_MOST_HEARD = 256
_LONGEST_NAME = 100


class Full(Failed):
    """A receiver has too much waiting for it already."""


def encode(message: object) -> bytes:
    """Return a message as JSON; raises Failed if it is none, or too large."""
    try:
        body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(f"the message is not JSON: {error}") from None
    if len(body) > parcel.LIMIT:
        raise Failed(f"a message of {len(body)} bytes: at most {parcel.LIMIT} are sent")
    return body


class PostOffice:
    """Takes in and delivers."""

    def __init__(self, loop: Loop, workers: Iterable[Worker]) -> None:
        self._loop = loop
        self._workers = workers
        self.on_message: Callable[[Worker, object], None] = lambda _worker, _message: None
        """Takes what is for the master; may raise Full."""
        self.on_end: Callable[[Mailbox], None] = lambda _box: None
        """Told of each mailbox that has ended."""
        self.on_rest: Callable[[Worker], None] = lambda _worker: None
        """Told when a process of a draining worker has done what it had to do before the stop."""
        self.verbs = {
            "mailbox": self._open,
            "hear": self._hear,
            "send": self._take,
            "broadcast": self._take_for_all,
            "stopped": self._stopped,
        }
        """What is asked of us on the workers' links."""

    # From the master.

    def send(self, worker: Worker, message: object) -> None:
        """Send a message to one worker: to each of its processes that listens.

        Raises Failed for what is not JSON or too large, Full if too much waits for the worker.
        """
        self.deliver([worker], NOBODY, encode(message))

    def say_shutdown(self, worker: Worker) -> bool:
        """Tell a worker to end, as PM2's `shutdown_with_message` does; False if it hears nothing.

        One whose queue is full gets the stop signal instead.
        """
        try:
            return bool(worker.shelf.listening(MESSAGE)) and bool(
                self.deliver([worker], NOBODY, encode("shutdown"))
            )
        except Full:
            return False

    def broadcast(self, message: object) -> int:
        """Send a message to all workers; returns how many processes listen. Raises as `send`."""
        return self.deliver(self._workers, NOBODY, encode(message))

    def deliver(self, workers: Iterable[Worker], sender: Sender, body: bytes) -> int:
        """Give a message to all or, raising Full, to none; returns how many listen."""
        letter = frame({"do": "message", "from": sender}, body)
        linked = [worker for worker in workers if worker.link is not None]
        open_boxes = [(w, box) for w in linked for box in w.shelf.listening(MESSAGE)]
        for worker, box in open_boxes:
            if not box.has_room(letter):
                raise Full(f"slot {worker.slot}, pid {box.pid}, does not read its messages")
        for worker in linked:
            if not worker.shelf.listening(MESSAGE):
                worker.shelf.keep(letter)
        for _, box in open_boxes:
            box.put(letter)
        return len(open_boxes)

    # From workers.

    def _open(self, worker: Worker, message: dict[str, Any], _: bytes, fds: list[int]) -> None:
        """Take a mailbox of a process; a second one of the same process is a later program's."""
        reply, end = fds
        pid, boxes = int(message["pid"]), worker.shelf.boxes
        if pid in boxes:
            boxes[pid].end()
        if len(boxes) >= MOST:
            return answer(reply, {"errno": errno.EMFILE}, [])
        sock = adopt(end)
        boxes[pid] = Mailbox(self._loop, sock, pid, lambda box: self._ended(worker, box))
        answer(reply, {"errno": 0}, [])

    def _ended(self, worker: Worker, box: Mailbox) -> None:
        if worker.shelf.boxes.get(box.pid) is box:
            del worker.shelf.boxes[box.pid]
        self.on_end(box)
        if STOP in box.hears:
            self.on_rest(worker)

    def _hear(self, worker: Worker, message: dict[str, Any], _: bytes, fds: list[int]) -> None:
        box, what = worker.shelf.boxes[int(message["pid"])], str(message["what"])
        known = what in (MESSAGE, REQUEST, STOP) or what.startswith(ACTION)
        if not known or len(what) > _LONGEST_NAME + len(ACTION) or len(box.hears) >= _MOST_HEARD:
            return answer(fds[0], {"errno": errno.EINVAL}, [])
        dropped = 0
        if what == MESSAGE and not worker.shelf.listening(MESSAGE):
            dropped, worker.shelf.dropped = worker.shelf.dropped, 0
            for letter in worker.shelf.take():
                box.put(letter)
        box.hears.add(what)
        answer(fds[0], {"errno": 0, "dropped": dropped}, [])

    def _stopped(self, worker: Worker, message: dict[str, Any], _: bytes, _fds: list[int]) -> None:
        box = worker.shelf.boxes[int(message["pid"])]
        box.hears.discard(STOP)
        self.on_rest(worker)

    def _take(self, worker: Worker, _: dict[str, Any], body: bytes, fds: list[int]) -> None:
        try:
            self.on_message(worker, json.loads(body))
        except Full as error:
            return answer(fds[0], {"full": error.message}, [])
        except (ValueError, RecursionError):
            return answer(fds[0], {"errno": errno.EINVAL}, [])
        answer(fds[0], {"errno": 0}, [])

    def _take_for_all(
        self, worker: Worker, message: dict[str, Any], body: bytes, fds: list[int]
    ) -> None:
        sender = (worker.launch, worker.slot, int(message["pid"]))
        try:
            self.deliver(self._workers, sender, body)
        except Full as error:
            return answer(fds[0], {"full": error.message}, [])
        answer(fds[0], {"errno": 0}, [])
