"""The hand-off of one listener: accept, and give each connection to the worker whose turn it is.

A worker is *behind* when its oldest undelivered connection has waited `PATIENCE` or it holds
`depth` of them. What it held is pulled back and goes to the next; a probe is left, and the
worker is out of the rotation until it takes the probe. When nobody is in the rotation, the
master stops accepting: connections wait in the kernel's backlog.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Hashable

from .lane import PROBE, WAKE, Lane, Undelivered, drop
from .loop import Loop, Timer, now
from .rotation import RoundRobin

PATIENCE = 0.020
_AT_ONCE = 64
_RETRY = 0.1
_EDGE = select.EPOLLOUT | select.EPOLLET
_BACKLOG = 4096

Member = Hashable


class Handoff:
    """One listener and the lanes to its workers."""

    def __init__(
        self, loop: Loop, sock: socket.socket, depth: int, accepts: Callable[[Member], None]
    ) -> None:
        self.sock = sock
        self._loop = loop
        self._depth = depth
        self._accepts = accepts
        """Called when a worker that is not in the rotation yet has taken its probe."""
        self._lanes: dict[Member, Lane] = {}
        self._turns: RoundRobin[Member] = RoundRobin()
        self._queue: deque[Undelivered] = deque()
        """Accepted, and given to nobody: what was pulled back, and handovers."""
        self._check: Timer | None = None
        self._accepting = False
        self.backlog = 0
        self.given: dict[Member, int] = {}
        """Connections handed to each member."""

    def attach(self, member: Member) -> Lane:
        """Make a lane for a worker; it gets nothing before `open` and `enter`."""
        self.withdraw(member)
        lane = self._lanes[member] = Lane()
        return lane

    def open(self, member: Member, backlog: int) -> None:
        """Begin to listen and probe the worker. Raises OSError as listen(2), KeyError if unknown."""
        lane = self._lanes[member]
        if backlog > self.backlog:
            self.backlog = max(backlog, _BACKLOG)
            self.sock.listen(self.backlog)
        self._probe(member, lane)

    def enter(self, member: Member) -> None:
        """Let a ready worker take part in the rotation as soon as it accepts."""
        lane = self._lanes.get(member)
        if lane is None or lane.entered:
            return
        lane.entered = True
        if not lane.probed and self.backlog:
            self._turns.join(member)
            self._pump()

    def retire(self, member: Member) -> None:
        """Take a worker out of the rotation for good; what it has not read goes to the others."""
        lane = self._lanes.get(member)
        if lane is None:
            return
        lane.entered = False
        self._turns.leave(member)
        self._take_back(lane)
        self._pump()

    def wake(self, member: Member) -> None:
        """End a blocked accept() of a worker that is to stop."""
        if member in self._lanes:
            self._lanes[member].send(WAKE)

    def withdraw(self, member: Member) -> None:
        """Forget a worker that is gone or has closed the listener."""
        lane = self._lanes.get(member)
        if lane is None:
            return
        self.retire(member)
        del self._lanes[member]
        self._loop.forget(lane.ours.fileno())
        lane.close()

    def give(self, connection: Undelivered) -> None:
        """Take a connection back from a worker that drains; it is served before new ones."""
        self._queue.append(connection)
        self._pump()

    @property
    def members(self) -> list[Member]:
        """Everyone with a lane."""
        return list(self._lanes)

    def shut(self) -> None:
        """Release the port: shutdown(2) does, whoever else holds the socket."""
        self.backlog = 0
        self._set_accepting()
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # never listened
            pass

    def close(self) -> None:
        """Stop listening, whoever else holds the socket, and drop what nobody serves."""
        self.shut()
        if self._check is not None:
            self._check.cancel()
        for member in self.members:
            self.withdraw(member)
        drop(list(self._queue))
        self._queue.clear()
        self.sock.close()

    def _probe(self, member: Member, lane: Lane) -> None:
        lane.probed = True
        lane.send(PROBE)
        self._loop.watch(lane.ours.fileno(), _EDGE, lambda _: self._picked_up(member, lane))

    def _picked_up(self, member: Member, lane: Lane) -> None:
        if not lane.probed or lane.pending():
            return
        lane.probed = False
        self._loop.forget(lane.ours.fileno())
        if lane.entered:
            self._turns.join(member)
            self._pump()
        else:
            self._accepts(member)

    def _on_readable(self, _: int) -> None:
        for _ in range(_AT_ONCE):
            if self._queue or not len(self._turns):
                break
            try:
                fd, peer = self.sock._accept()  # type: ignore[attr-defined]
            except BlockingIOError:
                break
            except OSError:  # out of fds or memory, or the peer has gone: the listener stays
                self._rest()
                return
            self._queue.append((fd, " ".join(map(str, peer)).encode()))
            self._pump()

    def _rest(self) -> None:
        """Leave the listener alone for a moment: level-triggered, it would spin."""
        self._loop.forget(self.sock.fileno())
        self._accepting = False
        self._loop.call_at(now() + _RETRY, self._set_accepting)

    def _pump(self) -> None:
        """Deliver what is queued, as long as somebody can take it."""
        while self._queue:
            member = self._next()
            if member is None:
                break
            connection = self._queue.popleft()
            if not self._lanes[member].give(connection, now()):
                self._queue.appendleft(connection)
                self._demote(member)
                continue
            os.close(connection[0])
            self.given[member] = self.given.get(member, 0) + 1
            self._arm()
        self._set_accepting()

    def _next(self) -> Member | None:
        """Return the worker whose turn it is and who is not behind."""
        while (member := self._turns.choose()) is not None:
            if not self._behind(self._lanes[member]):
                return member
            self._demote(member)
        return None

    def _behind(self, lane: Lane) -> bool:
        if not lane.given:
            return False
        lane.pending()
        return bool(lane.given) and (
            len(lane.given) >= self._depth or now() - lane.given[0] >= PATIENCE
        )

    def _demote(self, member: Member) -> None:
        lane = self._lanes[member]
        self._turns.leave(member)
        self._take_back(lane)
        self._probe(member, lane)

    def _take_back(self, lane: Lane) -> None:
        pulled = lane.pull_back()
        self._queue.extendleft(reversed(pulled))

    def _arm(self) -> None:
        if self._check is None:
            self._check = self._loop.call_at(now() + PATIENCE, self._look)

    def _look(self) -> None:
        """See who has left a connection lying."""
        self._check = None
        oldest = []
        for member, lane in list(self._lanes.items()):
            if not lane.given or lane.probed:
                continue
            if self._behind(lane):
                self._demote(member)
            elif lane.given:
                oldest.append(lane.given[0])
        self._pump()
        if oldest and self._check is None:
            self._check = self._loop.call_at(min(oldest) + PATIENCE, self._look)

    def _set_accepting(self) -> None:
        fd = self.sock.fileno()
        wanted = fd >= 0 and self.backlog > 0 and len(self._turns) > 0 and not self._queue
        if wanted == self._accepting:
            return
        self._accepting = wanted
        if wanted:
            self._loop.watch(fd, select.EPOLLIN, self._on_readable)
        else:
            self._loop.forget(fd)
