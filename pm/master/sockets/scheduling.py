"""The policies of an app's listeners, and what they ask of its workers."""

from __future__ import annotations

from collections.abc import Callable

from ...model import Scheduling
from ..loop import now
from ..workers.worker import Worker
from .handoff import Handoff, Member
from .rotation import LeastConnections, Policy, RoundRobin, SourceHash

Find = Callable[[Member], Worker | None]


def policy_of(scheduling: Scheduling, handoff: Handoff, find: Find) -> Policy[Member]:
    """Return a new policy for one listener.

    With `shared` the workers accept by themselves: who has a hand-off channel all the same, while
    a reload changes the policy, is served in turn.
    """

    def slot_of(member: Member) -> int:
        worker = find(member)
        return worker.slot if worker else -1

    def open_of(member: Member) -> int:
        worker = find(member)
        taken = worker.open_connections() if worker else 0
        return taken + (handoff.lanes[member].held(now()) if member in handoff.lanes else 0)

    if scheduling is Scheduling.LEAST_CONNECTIONS:
        return LeastConnections(open_of)
    if scheduling is Scheduling.SOURCE_HASH:
        return SourceHash(slot_of)
    return RoundRobin()
