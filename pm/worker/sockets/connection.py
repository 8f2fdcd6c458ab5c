"""An accepted connection as the app holds it: socket.socket, followed."""

from __future__ import annotations

import _socket
import os
import socket

from ..link import RAW
from .followed import Followed
from .talking import SLOTS

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


class Connection(Followed, socket.socket):
    """A connected TCP socket handed over by the master."""

    __slots__ = SLOTS
    __init__ = socket.socket.__init__  # what `shim` makes of it looks for hand-off channels

    def dup(self) -> socket.socket:  # type: ignore[override]
        """Duplicate as socket.dup does: what happens on the copy is not seen."""
        self.be_blind()
        return socket.socket(self.family, self.type, self.proto, fileno=os.dup(self.fileno()))

    def _real_close(self, _ss: Any = RAW) -> None:
        self.end()


def plain_accept(sock: socket.socket) -> tuple[socket.socket, Any]:
    """Accept as socket.accept does, for the listeners that are the app's own."""
    fd, address = _socket.socket._accept(sock)  # type: ignore[attr-defined]
    conn = socket.socket(sock.family, sock.type, sock.proto, fileno=fd)
    if socket.getdefaulttimeout() is None and sock.gettimeout():
        conn.setblocking(True)
    return conn, address
