"""The worker as it sees itself: `cluster.worker` in a program that `cluster.fork()` has started."""

from __future__ import annotations

import os
import sys

from ..worker import farewell, here
from ..worker.messages import mail, post
from .events import Emitter

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class OwnProcess:
    """The process of this worker."""

    def __init__(self) -> None:
        self.pid = os.getpid()


class OwnWorker(Emitter):
    """This worker."""

    def __init__(self) -> None:
        super().__init__()
        self.id = here.launch
        self.process = OwnProcess()
        self.state = "online"
        """`online`, `disconnecting` or `destroying`, `disconnected`."""
        self.exited_after_disconnect: bool | None = None
        self._connected = True
        self._hears = False
        self._tasks: list[Any] = []
        farewell.on_leave = self._leave

    def __repr__(self) -> str:
        return f"<Worker {self.id} pid {self.process.pid} {self.state}>"

    def _add(self, event: str, registered: Callable[..., Any], call: Callable[..., Any]) -> None:
        """Listen for messages from the first time on that the program does.

        They are told on a thread of pm's, or on the event loop that runs where that was.
        """
        super()._add(event, registered, call)
        if event == "message" and not self._hears:
            self._hears = True
            mail.on_message(self._take)

    def _take(self, message: Any) -> None:
        for result in self.emit("message", message):
            if hasattr(result, "__await__"):
                asyncio = sys.modules["asyncio"]
                self._tasks.append(asyncio.ensure_future(result))
                self._tasks = [task for task in self._tasks if not task.done()]

    def send(self, message: Any) -> bool:
        """Send a message to the primary; returns when it has it, False if it has died.

        Raises TypeError for what is not JSON, MessageTooLarge over 1 MiB.
        """
        return post.send(message)

    def disconnect(self) -> OwnWorker:
        """Ask the master to let this worker finish what it has, and end. Returns it."""
        self.state = "disconnecting"
        self._ask_to_leave()
        return self

    def kill(self, sig: str | int = "SIGTERM") -> None:  # noqa: ARG002 - Node ignores it here too
        """End this process at once, with exit code 0, as asked for; the signal is ignored."""
        self.state = "destroying"
        self._ask_to_leave()
        farewell.leave()  # or the master's signal does it, from another thread

    destroy = kill

    def is_connected(self) -> bool:
        """True until this worker leaves."""
        return self._connected

    def is_dead(self) -> bool:
        """False: it asks."""
        return False

    def _ask_to_leave(self) -> None:
        self.exited_after_disconnect = True
        try:
            if here.link is not None:
                here.link.tell({"do": "leave", "pid": os.getpid()}, [])
        except OSError:  # the master has died: the farewell is under way
            pass

    def _leave(self) -> None:
        if self._connected and os.getpid() == self.process.pid:
            self._connected = False
            self.exited_after_disconnect = True
            self.state = "disconnected"
            self.emit("disconnect")
