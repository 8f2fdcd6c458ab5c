"""trio: it takes sockets of one class only, and calls that class's methods.

Idle connections are not moved by the drain itself (nothing would wake their task with an end of
file), but by the read that would begin their next request.
"""

from __future__ import annotations

from ..sockets.connection import Connection

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def adapt(module: Any) -> None:
    """Let `trio._socket` take the connections that the master hands over."""
    plain = module.from_stdlib_socket

    class Followed(module._SocketType):  # type: ignore[misc]
        """A connection as trio's sockets are."""

        def __init__(self, sock: Connection) -> None:
            self._sock = sock
            self._did_shutdown_SHUT_WR = False
            sock.setblocking(False)

        async def _nonblocking_helper(self, wait: Any, call: Any, *args: Any, **named: Any) -> Any:
            call = getattr(Connection, call.__name__)
            return await super()._nonblocking_helper(wait, call, *args, **named)

    def from_stdlib_socket(sock: Any) -> Any:
        return Followed(sock) if type(sock) is Connection else plain(sock)

    module.from_stdlib_socket = from_stdlib_socket
