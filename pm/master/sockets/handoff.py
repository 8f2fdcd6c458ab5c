"""The hand-off of one listener: each accepted connection goes to the worker whose turn it is.

A worker is *behind* when it is late (its oldest undelivered connection has waited too long,
`lane`) or full (it holds `depth` of them). What a late one held is pulled back and goes to the
next. A probe is left, and the worker is out of the rotation until it takes the probe. When nobody
is in the rotation, the master stops accepting: connections wait in the kernel's backlog.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Hashable

from ..loop import Loop, Timer, now
from .gate import Gate
from .lane import PATIENCE, PROBE, Lane, Undelivered, drop
from .rotation import Policy, RoundRobin

_EDGE = select.EPOLLOUT | select.EPOLLET

Member = Hashable


class Handoff:
    """One listener and the lanes to its workers."""

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        depth: int,
        accepts: Callable[[Member], None],
        used: Callable[[Member], float | None] = lambda _: None,
    ) -> None:
        self.key = ""
        """The listener's, which a unix listener may change."""
        self.gate = Gate(loop, sock, self.give)
        self.lanes: dict[Member, Lane] = {}
        self.given: dict[Member, int] = {}
        """Connections handed to each member."""
        self.on_traffic: Callable[[], None] = lambda: None
        """Called now and then while connections are handed over."""
        self._loop = loop
        self.depth = depth
        self._accepts = accepts
        """Called when a worker that is not in the rotation yet has taken its probe."""
        self._used = used
        """CPU seconds that a worker has used, if it runs or waits for a core; None if not."""
        self.turns: Policy[Member] = RoundRobin()
        """Who gets the next connection."""
        self._queue: deque[Undelivered] = deque()
        """Accepted, and given to nobody: what was pulled back, and handovers."""
        self._check: Timer | None = None

    def attach(self, member: Member, shared: bool = False) -> Lane:
        """Make a lane for a worker; it gets nothing before `open` and `enter`.

        `shared`: nor afterwards, for it has the listener itself.
        """
        self.withdraw(member)
        lane = self.lanes[member] = Lane(lambda: self._used(member))
        lane.shared = shared
        return lane

    def open(self, member: Member, backlog: int) -> None:
        """Listen, and probe the worker. Raises OSError as listen(2), KeyError if unknown."""
        lane = self.lanes[member]
        self.gate.listen(backlog)
        if lane.shared:
            self._accepts(member)  # who will take a connection cannot be tried
        else:
            self._probe(member, lane)

    def enter(self, member: Member) -> None:
        """Let a ready worker take part in the rotation as soon as it accepts."""
        lane = self.lanes.get(member)
        if lane is None or lane.entered:
            return
        lane.entered = True
        if lane.accepting:
            self.turns.join(member)
            self._pump()

    def retire(self, member: Member) -> None:
        """Take a worker out of the rotation for good; what it has not read goes to the others."""
        lane = self.lanes.get(member)
        if lane is None:
            return
        lane.entered = False
        self.turns.leave(member)
        if any(one.shared for one in self.lanes.values()) and not _takers(self.lanes):
            lane.fill(self._queue, now())  # the others have no lane to take them from
        else:
            self._take_back(member, lane)
        self._pump()

    def withdraw(self, member: Member) -> None:
        """Forget a worker that is gone or has closed the listener."""
        lane = self.lanes.get(member)
        if lane is None:
            return
        self.retire(member)
        del self.lanes[member]
        self._loop.forget(lane.ours.fileno())
        lane.close()

    def close(self) -> None:
        """Stop listening and drop what nobody serves."""
        self.gate.shut()
        if self._check is not None:
            self._check.cancel()
        for member in list(self.lanes):
            self.withdraw(member)
        drop(list(self._queue))
        self._queue.clear()
        self.gate.sock.close()

    def give(self, connection: Undelivered) -> bool:
        """Hand over a connection, or let it wait before all new ones; False if any waits."""
        if self._queue or not self._deliver(connection):  # the short way, without the queue
            self._queue.append(connection)
            self._pump()
        return not self._queue

    def _deliver(self, connection: Undelivered) -> bool:
        """Give a connection to the worker whose turn it is; False if there is none.

        Who is late loses what it holds, to the head of the queue. Who is late or full loses its
        turns until it has taken all.
        """
        while (member := self.turns.choose(connection[1])) is not None:
            lane = self.lanes[member]
            time = now()
            if lane.is_late(time):
                self._demote(member, lane)
                if self._queue:
                    return False
            elif lane.has_room(self.depth, time) and lane.give(connection, time):
                os.close(connection[0])
                self.given[member] = self.given.get(member, 0) + 1
                if self._check is None:
                    self._check = self._loop.call_at(time + PATIENCE, self._look)
                return True
            else:
                self.turns.leave(member)
                self._probe(member, lane)
        return False

    def _probe(self, member: Member, lane: Lane) -> None:
        lane.accepting = False
        lane.send(PROBE)
        self._loop.watch(lane.ours.fileno(), _EDGE, lambda _: self._picked_up(member, lane))

    def _picked_up(self, member: Member, lane: Lane) -> None:
        if lane.accepting or lane.pending(now()):
            return
        lane.accepting = True
        self._loop.forget(lane.ours.fileno())
        if lane.entered:
            self.turns.join(member)
            self._pump()
        else:
            self._accepts(member)

    def _pump(self) -> None:
        """Deliver what is queued as far as somebody can take it; accept if all is delivered."""
        while self._queue:
            connection = self._queue.popleft()
            held = len(self._queue)
            if self._deliver(connection):
                continue
            # what was pulled back from who is behind is older than this one
            self._queue.insert(len(self._queue) - held, connection)
            if not len(self.turns):
                break
        self.gate.accept(not self._queue and len(self.turns) > 0)

    def _demote(self, member: Member, lane: Lane) -> None:
        lane.window = 1
        self.turns.leave(member)
        self._take_back(member, lane)
        self._probe(member, lane)

    def _take_back(self, member: Member, lane: Lane) -> None:
        """Put what a worker has not read at the head of the queue."""
        pulled = lane.pull_back()
        if pulled:
            self.given[member] = self.given.get(member, 0) - len(pulled)
            self._queue.extendleft(reversed(pulled))

    def _look(self) -> None:
        """See who has left a connection lying."""
        self._check = None
        self.on_traffic()
        time = now()
        waits = False
        for member, lane in list(self.lanes.items()):
            if lane.entered and lane.is_late(time):
                self._demote(member, lane)
            waits = waits or bool(lane.given)
        self._pump()
        if waits and self._check is None:
            self._check = self._loop.call_at(time + PATIENCE, self._look)


def _takers(lanes: dict[Member, Lane]) -> bool:
    """True if a worker takes connections from its lane, now or soon."""
    return any(lane.entered and not lane.shared for lane in lanes.values())


def let_go(handoff: Handoff) -> None:
    """Close what a forked child has inherited of a hand-off, which goes on in its parent."""
    for lane in handoff.lanes.values():
        lane.close()
    drop(list(handoff._queue))
    handoff.gate.sock.close()
