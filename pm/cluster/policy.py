"""Who gets the next connection: Node's two policies, and the others that the engine has."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from ..model import Scheduling

SCHED_NONE = 1
SCHED_RR = 2
SCHED_LEAST_CONNECTIONS = 3
SCHED_SOURCE_HASH = 4

_NAMES = {
    SCHED_NONE: "shared",
    SCHED_RR: "round-robin",
    SCHED_LEAST_CONNECTIONS: "least-connections",
    SCHED_SOURCE_HASH: "source-hash",
}
_VARIABLE = "PM_CLUSTER_SCHED_POLICY"
_WORDS = {"none": SCHED_NONE, "rr": SCHED_RR}


class Choice:
    """The policy of a program; frozen once it has set up or forked."""

    def __init__(self) -> None:
        self.number = _WORDS.get(os.environ.get(_VARIABLE, ""), SCHED_RR)
        self._frozen: Scheduling | None = None

    def set(self, number: int) -> None:
        """Choose another. Raises ValueError for what is none; too late, it does nothing."""
        if number not in _NAMES:
            raise ValueError(f"scheduling_policy: {number!r} is none of cluster.SCHED_...")
        self.number = number

    def freeze(self) -> Scheduling:
        """Return what was chosen first; later choices are without effect, as in Node."""
        if self._frozen is None:
            from ..model import Scheduling

            self._frozen = Scheduling(_NAMES[self.number])
        return self._frozen
