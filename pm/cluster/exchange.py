"""One conversation with the master about a shared result, on a socket of its own.

The master gives the result, or lets the asker wait for who computes it, or orders it to compute;
then the result goes back on the same socket. Whoever dies or gives up closes it: the next in line
is ordered at once.
"""

from __future__ import annotations

import os

from ..worker import here, parcel
from ..worker.link import RAW, rights, take
from ..worker.messages.mailerrors import RequestFailed

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


class Exchange:
    """A question for a result."""

    def __init__(self, key: str, patience: float) -> None:
        self.sock: RAW | None = None
        """Readable when the master has said something; None: there is no master to ask."""
        head: dict[str, object] = {"do": "shared", "key": key, "patience": patience}
        try:
            if here.link is not None:
                self.sock = here.link.question({**head, "pid": os.getpid()}, [])
        except OSError:  # the master is gone
            pass

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        if self.sock is not None:
            self.sock.close()

    def taken(self) -> tuple[bytes, float] | None:
        """Return the result, and for how many seconds it holds; None: compute it.

        Raises RequestFailed if the worker that was to compute it could not.
        """
        if self.sock is None:
            return None
        try:
            head, body, _ = take(self.sock)
        except OSError:  # the master is gone, or knows nothing of this
            return None
        if "failed" in head:
            raise RequestFailed(str(head["failed"]))
        left = head.get("left")
        return (body, left) if isinstance(left, float) else None

    def tell(self, body: bytes, ttl: float) -> None:
        """Give the result to all who wait."""
        self._say({"ttl": ttl}, body)

    def fail(self, error: BaseException) -> None:
        """Tell all who wait that there is no result, and why."""
        self._say({"error": f"{type(error).__name__}: {error}, in slot {here.slot}"}, b"")

    def _say(self, head: dict[str, Any], body: bytes) -> None:
        if self.sock is None:
            return
        raw, made = parcel.pack(head, body)
        try:
            self.sock.sendmsg([raw], rights(made) if made else [])
        except OSError:  # the master is gone, or waits no longer
            pass
        finally:
            for fd in made:
                os.close(fd)
