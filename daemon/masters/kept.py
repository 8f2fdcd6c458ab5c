"""Dups of a master's listeners: kept so that its death refuses no client."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Sequence

from pm.worker.sockets.socketfile import path_of, remove


class Kept:
    """Listeners by key, as the master last named them."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, in the order of `fds`."""
        return tuple(self._fds)

    @property
    def fds(self) -> tuple[int, ...]:
        """The descriptors; they stay ours."""
        return tuple(self._fds.values())

    def replace(self, keys: Sequence[str], fds: Sequence[int]) -> None:
        """Keep exactly these from now on."""
        before = self._fds
        self._fds = dict(zip(keys, fds, strict=True))
        for fd in before.values():
            os.close(fd)

    def only(self, keys: Iterable[str]) -> None:
        """Close those that are not among `keys`."""
        for key in self._fds.keys() - set(keys):
            os.close(self._fds.pop(key))

    def release(self) -> None:
        """Close them so that the ports are free, whoever else holds a dup."""
        for key, fd in self._fds.items():
            maker = os.fstat(fd).st_uid
            with socket.socket(fileno=fd) as listener, contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            if path := path_of(key):
                remove(path, maker)
        self._fds = {}
