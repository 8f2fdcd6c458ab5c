"""The door of one listener: open while somebody can take a connection."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress

from ..loop import Loop, now
from .lane import CONNECTION, Undelivered

_AT_ONCE = 64
_TRY_MORE = 8
_RETRY = 0.1
_BACKLOG = 4096


class Gate:
    """A listening socket that is read only while it is told to."""

    def __init__(
        self, loop: Loop, sock: socket.socket, arrived: Callable[[Undelivered], bool]
    ) -> None:
        self.sock = sock
        self.backlog = 0
        """What the socket listens with; 0: it does not."""
        self.take: Callable[[], Undelivered] = self._accept
        """Takes one connection from the socket; raises as accept(2)."""
        self.real_fd: Callable[[], int] = lambda: self.sock.fileno()
        """Returns the fd that answers for the listener's address and options."""
        self.listened = False
        """True once it has listened, also after `shut`."""
        self._loop = loop
        self._arrived = arrived
        """Takes a connection; False if nobody can take another."""
        self._accepting = False
        self._resting = False
        self._rounds = 0
        self._batch = 1
        """Connections to accept in one round: an accept that finds none costs as much as one."""

    def listen(self, backlog: int) -> None:
        """Listen with the largest backlog asked for, 4096 at least. Raises OSError as listen(2)."""
        if backlog > self.backlog:
            self.sock.listen(max(backlog, _BACKLOG))
            self.backlog = max(backlog, _BACKLOG)
            self.listened = True

    def accept(self, wanted: bool) -> None:
        """Accept from now on, or leave connections in the kernel's backlog."""
        wanted = wanted and self.backlog > 0 and not self._resting
        if wanted == self._accepting:
            return
        self._accepting = wanted
        if wanted:
            self._loop.watch(self.sock.fileno(), select.EPOLLIN, self._on_readable)
        else:
            self._loop.forget(self.sock.fileno())

    def _on_readable(self, _: int) -> None:
        for taken in range(self._batch):
            try:
                connection = self.take()
            except BlockingIOError:
                self._batch = max(1, taken)
                return
            except OSError:  # out of fds or memory, or the peer has gone: the listener stays
                return self._rest()
            if not self._arrived(connection):
                return
        self._rounds += 1
        if self._batch > 1 or self._rounds % _TRY_MORE == 0:
            self._batch = min(_AT_ONCE, self._batch * 2)

    def _accept(self) -> Undelivered:
        fd, peer = self.sock._accept()  # type: ignore[attr-defined]
        return fd, _text(peer)

    def _rest(self) -> None:
        """Leave the listener alone for a moment: level-triggered, it would spin."""
        self.accept(False)
        self._resting = True
        self._loop.call_at(now() + _RETRY, self._wake_up)

    def _wake_up(self) -> None:
        self._resting = False
        if self.sock.fileno() >= 0:
            self.accept(True)

    def replace(self, sock: socket.socket) -> None:
        """Go on with another listening socket: nobody can reach the one before any more."""
        with suppress(OSError):
            while self.backlog:  # who reached it still is served
                self._arrived(self.take())
        wanted, backlog = self._accepting, self.backlog
        self.shut()
        self.sock.close()
        self.sock = sock
        if backlog:
            self.listen(backlog)
        self.accept(wanted)

    def shut(self) -> None:
        """Release the port: shutdown(2) does, whoever else holds the socket."""
        self.accept(False)
        listened, self.backlog = self.backlog > 0, 0
        with suppress(OSError):
            if listened:  # else it may be a client by now, given back to the app
                self.sock.shutdown(socket.SHUT_RDWR)


def _text(peer: tuple[str | int, ...] | str | bytes) -> bytes:
    """Return the message for a new connection: the parts of its address with blanks between.

    Without the address of a unix client: that may be longer than the message.
    """
    if not isinstance(peer, tuple):
        return CONNECTION
    return CONNECTION + (("%s %d" if len(peer) == 2 else "%s %d %d %d") % peer).encode()
