"""The listeners of an app: bound once, kept for as long as the app is wanted online."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator

from ...model import ListenerView, Scheduling
from ..loop import Loop
from .activation import Activation
from .datagrams import Datagrams
from .handoff import Handoff, Member
from .rotation import Policy, RoundRobin
from .socketfiles import SocketFiles

_FAMILIES = {
    int(socket.AF_INET): "ipv4",
    int(socket.AF_INET6): "ipv6",
    int(socket.AF_UNIX): "unix",
}

_MOST = 200
"""Listeners of one app: dups of all go to the daemon in one message of at most 253 fds."""

Address = tuple[str | int, ...]


def key_of(family: int, address: Address, index: int) -> str:
    """Return a listener's key: family, address, port as asked, index (Node's key).

    The address of a unix listener is its absolute path, or `@` and its abstract name; its port 0.
    """
    return f"{_FAMILIES[family]}|{address[0]}|{address[1]}|{index}"


def _nothing(*_: object) -> None:
    """Stand in for an observer that is not there yet."""


class Listeners:
    """All of them, by key; iterating gives their hand-offs."""

    def __init__(
        self,
        loop: Loop,
        depth: int,
        accepts: Callable[[Member, str], None],
        used: Callable[[Member], float | None],
    ) -> None:
        self._loop = loop
        self._depth = depth
        self._accepts = accepts
        self._used = used
        self._by_key: dict[str, Handoff] = {}
        self.on_keep: Callable[[Handoff], None] = _nothing
        """Called with each new listener, before it is used."""
        self.policy_of: Callable[[Handoff], Policy[Member]] = lambda _: RoundRobin()
        """Makes the policy of a listener."""
        self.datagrams = Datagrams(lambda: self.on_change())
        """The app's UDP sockets."""
        self.activation = Activation(lambda: self.on_change())
        """Listeners that its programs are started with."""
        self.files = SocketFiles()
        """The files of unix listeners."""
        self.on_open: Callable[[ListenerView], None] = _nothing
        """Called when a listener begins to listen."""
        self.on_traffic: Callable[[], None] = _nothing
        """Called now and then while connections are handed over."""
        self.on_change: Callable[[], None] = _nothing
        """Called when there is one more, or one less."""

    def __iter__(self) -> Iterator[Handoff]:
        return iter(list(self._by_key.values()))

    def items(self) -> list[tuple[str, Handoff]]:
        """Return keys and hand-offs."""
        return list(self._by_key.items())

    def get(self, key: str) -> Handoff | None:
        """Return the hand-off of a key."""
        return self._by_key.get(key)

    def bind(self, key: str, family: int, address: Address, fd: int) -> tuple[Handoff, bool]:
        """Return the listener of a key and whether it is new; a new one is `fd`, bound here.

        Raises OSError as bind(2). Takes `fd` in any case.
        """
        try:
            sock = socket.socket(fileno=fd)
        except OSError:
            os.close(fd)
            raise
        if key in self._by_key:
            sock.close()
            return self._by_key[key], False
        try:
            if len(self._by_key) >= _MOST:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            if sock.family != family or sock.type != socket.SOCK_STREAM:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            if address[1]:
                sock.bind(address)
        except (OSError, OverflowError):
            sock.close()
            raise
        return self.keep(key, sock), True

    def inherit(self, key: str, sock: socket.socket) -> None:
        """Take over what a dead master has bound, of whatever kind."""
        if self.datagrams.owns(key):
            self.datagrams.keep(key, sock)
        elif self.activation.owns(key):
            self.activation.keep(key, sock)
        else:
            self.keep(key, sock)

    def keep(self, key: str, sock: socket.socket) -> Handoff:
        """Take over a bound socket."""
        sock.setblocking(False)
        handoff = Handoff(
            self._loop, sock, self._depth,
            lambda member: self._accepts(member, handoff.key), self._used,
        )  # fmt: skip
        handoff.key = key
        self.on_keep(handoff)
        handoff.on_traffic = lambda: self.on_traffic()
        handoff.turns = self.policy_of(handoff)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            handoff.gate.backlog = 1  # it listens already, with what a dead master asked for
            handoff.gate.listened = True
        self._by_key[key] = handoff
        self.files.note(key, sock)
        self.on_change()
        return handoff

    def schedule(self, depth: int) -> None:
        """Give every listener the queue depth and the policy of the app's spec of now."""
        self._depth = depth
        for handoff in self:
            handoff.depth = depth
            policy = self.policy_of(handoff)
            if policy.name == handoff.turns.name:
                continue
            for member in handoff.lanes:
                if member in handoff.turns:
                    policy.join(member)
            handoff.turns = policy

    def rename(self, old: str, new: str) -> None:
        """Keep a unix listener under another key: its file is there now."""
        before = self._by_key.pop(new, None)
        if before is not None:
            before.close()
        handoff = self._by_key[new] = self._by_key.pop(old)
        handoff.key = new
        self.files.forget(old)
        self.files.note(new, handoff.gate.sock)
        self.on_change()

    def kept(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return keys and fds, for whoever keeps dups of them."""
        fds = {key: handoff.gate.sock.fileno() for key, handoff in self._by_key.items()}
        fds.update(self.datagrams.kept())
        fds.update(self.activation.kept())
        return tuple(fds), tuple(fds.values())

    def opened(self, key: str) -> None:
        """Take note that a listener has begun to listen."""
        self.on_open(_view(key, self._by_key[key]))

    def close(self, key: str) -> None:
        """Close one listener: nobody of the app opens it any more."""
        handoff = self._by_key.pop(key)
        handoff.close()
        self.files.release(key, handoff.gate.listened)
        self.on_change()

    def close_all(self) -> None:
        """Release every port."""
        for key, handoff in self._by_key.items():
            handoff.close()
            self.files.release(key, handoff.gate.listened)
        self._by_key.clear()
        self.datagrams.close_all()
        self.activation.only(())
        self.on_change()

    def close_unused(self) -> list[str]:
        """Close those for which no worker has a lane; returns their addresses."""
        unused = [key for key, handoff in self._by_key.items() if not handoff.lanes]
        texts = [_view(key, self._by_key[key]).text for key in unused]
        for key in unused:
            self.close(key)
        return texts + self.datagrams.close_unused()

    def views(self) -> tuple[ListenerView, ...]:
        """Show those that listen, and the UDP sockets; first what programs are started with."""
        listening = (_view(k, h) for k, h in self._by_key.items() if h.gate.backlog)
        return (*self.activation.views(), *listening, *self.datagrams.views())


def _view(key: str, handoff: Handoff) -> ListenerView:
    shared = any(lane.shared for lane in handoff.lanes.values())
    served = Scheduling.SHARED.value if shared else handoff.turns.name
    family, _, rest = key.partition("|")
    if family == "unix":  # the path as it is now; the kernel knows it as it was bound
        return ListenerView(rest.rpartition("|")[0].rpartition("|")[0], 0, family, served)
    address = handoff.gate.sock.getsockname()
    return ListenerView(address[0], address[1], family, served)
