"""The engine of the daemon's masters, put together for a program that forks its own workers.

Nothing of the process is taken: no signal, no other child, no thread.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import TYPE_CHECKING

from ..master import process
from ..master.loop import Loop
from ..master.messages.mail import Mail
from ..master.messages.postoffice import NOBODY, Full
from ..master.notices import Notices
from ..master.questions import Questions
from ..master.sockets import handoff as handoffs
from ..master.sockets.listeners import Listeners
from ..master.sockets.scheduling import policy_of
from ..master.workers.crew import Crew
from ..master.workers.restart import Exit
from ..master.workers.worker import Worker as Inner
from ..worker import here
from ..worker.messages.mailerrors import MailboxFull
from ..worker.messages.post import encode
from . import nested
from .closed import Closed
from .launch import Exits
from .policy import Choice

if TYPE_CHECKING:
    from .reports import Reports

_DEPTH = 64


class Engine:
    """Listeners, workers and messages of one program."""

    def __init__(self, loop: Loop, reports: Reports, policy: Choice) -> None:
        self.loop = loop
        self.listeners = Listeners(loop, _DEPTH, reports.accepts, reports.used)
        self.listeners.policy_of = lambda handoff: policy_of(
            policy.freeze(), handoff, self.crew.by_launch
        )
        if here.link is not None:
            self.listeners.on_keep = nested.take_part
        self.crew = Crew(loop, self.listeners, None, reports)
        self.exits = Exits(loop)
        self.mail = Mail(loop, self.crew)
        self.mail.post.on_message = reports.message
        self.notices = Notices(self.crew, self._slots)
        questions = Questions(self.crew, self.listeners)
        self.closed = Closed(loop, self.listeners)
        questions.on_bind, questions.on_unserved = self.closed.binds, self.closed.add
        questions.on_listen, questions.on_hang_up = reports.listens, reports.hung_up
        self.listeners.datagrams.on_taken = reports.listens
        questions.others.update(self.mail.verbs, online=reports.online, leave=reports.leaves)
        self.crew.on_message = questions.receive

    def _slots(self) -> int:
        return max((inner.slot for inner in self.crew), default=-1) + 1

    def free_slot(self) -> int:
        """Return the first slot without a worker."""
        used = {inner.slot for inner in self.crew}
        return next(slot for slot in count() if slot not in used)

    def send(self, launch: int, message: object) -> bool:
        """Send a message to a worker; False if it is not there any more. Raises as `post.send`."""
        body = encode(message)
        inner = self.crew.by_launch(launch)
        if inner is None:
            return False
        try:
            self.mail.post.deliver([inner], NOBODY, body)
        except Full as error:
            raise MailboxFull(error.message) from None
        return True

    def has_heirs(self, inner: Inner) -> bool:
        """True if on each listener of a worker another one takes connections."""
        served = [handoff.lanes for handoff in self.listeners if inner.key in handoff.lanes]
        return all(
            any(lane.entered for member, lane in lanes.items() if member != inner.key)
            for lanes in served
        )

    def exited(self, pid: int, ended: Exit) -> None:
        """Take note of a worker's exit, and of what it has left behind."""
        self.crew.exited(pid, ended)
        self.crew.groups.look()

    def kill(self) -> None:
        """Kill all workers, with what they have started."""
        for inner in self.crew:
            if inner.pid:
                process.send_group(inner.pid, signal.SIGKILL)

    def let_go(self) -> None:
        """Close what a forked child has inherited: all of it goes on in its parent."""
        for handoff in self.listeners:
            handoffs.let_go(handoff)
        for inner in self.crew:
            inner.close()
            for box in inner.shelf.boxes.values():
                box.let_go()
            if inner.link is not None:
                inner.link.close()
            if inner.drain >= 0:
                os.close(inner.drain)
        self.exits.close()
        self.loop.close()
