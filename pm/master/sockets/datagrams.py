"""UDP sockets of an app: bound once, by the first worker that asks; all others get a dup.

There is nothing to hand over for each packet: the workers read from one socket, and whoever is
quickest has the packet (as with Node's cluster). It stays bound for as long as an app's listeners
do, so packets that come during a restart wait in it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from ...model import ListenerView, Scheduling
from ...worker.sockets.datagrams import KEY
from ..reply import answer
from ..workers.worker import Worker
from . import portright

_FAMILIES = {int(socket.AF_INET): f"{KEY}4", int(socket.AF_INET6): f"{KEY}6"}
_MOST = 40
"""Sockets of one app: dups go to the daemon together with those of the listeners."""


class Datagrams:
    """All of them, by key: udp4 or udp6, address, port."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        """Called when there is one more, or one less."""
        self.verbs = {"datagram": self._ask, "no-datagram": self._close}
        """What a worker may say of them (`Questions.others`)."""
        self.on_taken: Callable[[Worker, str], None] = lambda _worker, _key: None
        """Called when a worker has got one."""
        self._sockets: dict[str, socket.socket] = {}
        self._holders: dict[str, set[int]] = {}
        """Launches of the workers that have it."""

    def _ask(self, worker: Worker, message: dict[str, Any], _: bytes, fds: list[int]) -> None:
        """Answer with the socket of an address; nothing but yes if it is the worker's own."""
        reply, given = fds
        family, (host, port, *rest) = int(message["family"]), message["address"]
        if not isinstance(host, str) or not isinstance(port, int) or len(rest) > 2:
            raise ValueError(message["address"])
        key = f"{_FAMILIES[family]}|{host}|{port}"
        sock = self._sockets.get(key)
        try:
            portright.check(given, port, worker.generation.spec.ports)
            if sock is None:
                self._bind(key, family, (host, port, *map(int, rest)), os.dup(given))
        except (OSError, OverflowError) as error:
            number = getattr(error, "errno", None) or errno.EINVAL
            return answer(reply, {"errno": number}, [])
        self._holders[key].add(worker.key)
        answer(reply, {"errno": 0, "key": key}, [sock.fileno()] if sock else [])
        self.on_taken(worker, key)

    def _bind(self, key: str, family: int, address: tuple[Any, ...], fd: int) -> None:
        sock = socket.socket(fileno=fd)
        try:
            if len(self._sockets) >= _MOST:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            if sock.family != family or sock.type != socket.SOCK_DGRAM:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            sock.bind(address)
        except (OSError, OverflowError):
            sock.close()
            raise
        self.keep(key, sock)

    @staticmethod
    def owns(key: str) -> bool:
        """True for a key of a UDP socket."""
        return key.partition("|")[0] in _FAMILIES.values()

    def keep(self, key: str, sock: socket.socket) -> None:
        """Take over a bound socket."""
        self._sockets[key] = sock
        self._holders[key] = set()
        self._changed()

    def get(self, key: str) -> socket.socket | None:
        """Return the socket of a key."""
        return self._sockets.get(key)

    def kept(self) -> dict[str, int]:
        """Return fds by key, for whoever keeps dups of them."""
        return {key: sock.fileno() for key, sock in self._sockets.items()}

    def _close(self, worker: Worker, message: dict[str, Any], _: bytes, _fds: list[int]) -> None:
        """A worker has closed its own; the last of them gives up the port."""
        holders = self._holders[message["key"]]
        holders.discard(worker.key)
        if not holders:
            self._release(message["key"])
            self._changed()

    def forget(self, worker: Worker) -> None:
        """Take note that a worker has ended: the next finds the socket where it was."""
        for holders in self._holders.values():
            holders.discard(worker.key)

    def close_unused(self) -> list[str]:
        """Close those that no worker has; returns their addresses."""
        unused = [key for key, holders in self._holders.items() if not holders]
        for key in unused:
            self._release(key)
        return [_view(key).text for key in unused]

    def views(self) -> list[ListenerView]:
        """Show all."""
        return [_view(key) for key in self._sockets]

    def close_all(self) -> None:
        """Release every port."""
        for key in list(self._sockets):
            self._release(key)

    def _release(self, key: str) -> None:
        self._sockets.pop(key).close()
        del self._holders[key]


def _view(key: str) -> ListenerView:
    family, host, port = key.split("|")
    return ListenerView(host, int(port), family, Scheduling.SHARED.value)
