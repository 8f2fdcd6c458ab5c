"""A program that forks its own workers and is itself a worker of an app under the daemon.

Its listeners go to the app's master as any worker's do: what this master accepts from, in its
turn of the rotation, is a hand-off channel.
"""

from __future__ import annotations

from ..master.sockets.handoff import Handoff
from ..master.sockets.lane import CONNECTION, Undelivered
from ..worker.sockets import listening, taking


def take_part(handoff: Handoff) -> None:
    """Have a listener's connections taken from the channel, once its socket has become one."""
    gate = handoff.gate
    accept = gate.take

    def take() -> Undelivered:
        entry = listening.find(gate.sock)
        if entry is None:  # an exclusive port
            return accept()
        with taking.Shown() as shown:
            fd, peer = listening.take(gate.sock, entry, shown)
        return fd, CONNECTION + peer.rstrip(b"\0")

    def real_fd() -> int:
        entry = listening.find(gate.sock)
        return gate.sock.fileno() if entry is None else entry.parked.fileno()

    gate.take, gate.real_fd = take, real_fd
