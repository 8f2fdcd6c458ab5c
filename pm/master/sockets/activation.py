"""Listeners that programs are started with, the way of systemd (sd_listen_fds(3)): LISTEN_FDS.

For programs that no hook reaches. The master binds and never accepts: all workers share the
listener, and who is quickest has the connection. It lives as long as the app is wanted online, so
clients wait while the program is restarted.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from ...address import Address, address_of
from ...model import ListenerView, Scheduling
from ...worker.sockets.socketfile import Mark, is_stale, mark_of, remove

_KEY = "listen|"
_BACKLOG = 4096
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}


class Activation:
    """The listeners of one app, by the addresses as they were asked for."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        """Called when there is one more, or one less."""
        self._sockets: dict[str, socket.socket] = {}
        self._marks: dict[str, Mark | None] = {}

    def open(self, addresses: Iterable[str], umask: int) -> tuple[int, ...]:
        """Return an fd for each address, bound now if it is new.

        The file of a unix socket gets the mode that it would have from the app's umask. Raises
        OSError with the address as its file name.
        """
        for text in addresses:
            if text not in self._sockets:
                try:
                    self._keep(text, _bound(address_of(text), umask))
                except OSError as error:
                    raise OSError(error.errno, error.strerror, text) from None
        return tuple(self._sockets[text].fileno() for text in addresses)

    @staticmethod
    def owns(key: str) -> bool:
        """True for a key of such a listener."""
        return key.startswith(_KEY)

    def keep(self, key: str, sock: socket.socket) -> None:
        """Take over a listener of a master that has died."""
        self._keep(key.removeprefix(_KEY), sock)

    def _keep(self, text: str, sock: socket.socket) -> None:
        self._sockets[text] = sock
        address = address_of(text)
        self._marks[text] = mark_of(address.host) if address.family == "unix" else None
        self._changed()

    def kept(self) -> dict[str, int]:
        """Return fds by key, for whoever keeps dups of them."""
        return {_KEY + text: sock.fileno() for text, sock in self._sockets.items()}

    def views(self) -> list[ListenerView]:
        """Show all."""
        served = Scheduling.SHARED.value
        addresses = map(address_of, self._sockets)
        return [ListenerView(one.host, one.port, one.family, served) for one in addresses]

    def inodes(self) -> set[int]:
        """Return what tells these listeners from a worker's own."""
        return {os.fstat(sock.fileno()).st_ino for sock in self._sockets.values()}

    def only(self, addresses: Iterable[str]) -> list[str]:
        """Close those that are not among `addresses`, and return them."""
        gone = [text for text in self._sockets if text not in set(addresses)]
        for text in gone:
            sock, mark = self._sockets.pop(text), self._marks.pop(text)
            with suppress(OSError):  # the program has done that
                sock.shutdown(socket.SHUT_RDWR)  # whoever else has a dup
            sock.close()
            if mark is not None:
                remove(address_of(text).host, os.geteuid(), mark)
        if gone:
            self._changed()
        return gone


def _bound(address: Address, umask: int) -> socket.socket:
    sock = socket.socket(_FAMILIES[address.family], socket.SOCK_STREAM)
    try:
        if address.family == "unix":
            if is_stale(address.host):
                os.unlink(address.host)
            sock.bind(address.host)
            os.chmod(address.host, 0o777 & ~umask)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if address.family == "ipv6":  # as an address of its own: 0.0.0.0 may be another
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address.host, address.port))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
