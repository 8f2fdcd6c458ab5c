"""gevent: its sockets wrap a C socket of a class of their own; that one is patched here.

Its `_accept` gives a bare fd. The C socket that is then made of it is a `Green`, which follows
the connection; what the app sees is gevent's own.
"""

from __future__ import annotations

import os

from .. import board, here
from ..link import RAW
from ..sockets import listening, shim, taking
from ..sockets.followed import Followed
from ..sockets.talking import SLOTS, living

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_CLAIMS = 64

_claims: dict[int, tuple[str, bytes]] = {}
"""Fds accepted of which no socket has been made yet: inode to listener's key and peer's address."""


def adapt(module: Any) -> None:
    """Let the sockets of `gevent._socket3` listen and accept by way of the master."""
    base = module._wrefsocket
    shim.patch(base)
    base.close = _close
    base._accept = _acceptor(module.get_hub)
    green = _green(base)

    def new(cls: Any, *args: Any, **_: Any) -> Any:
        claimed = _claims and cls is base and len(args) > 3 and _inode(args[3]) in _claims
        return RAW.__new__(green if claimed else cls)

    base.__new__ = new
    _note_waits(module.socket, green)


def _inode(fd: int | None) -> int:
    try:
        return -1 if fd is None else os.fstat(fd).st_ino
    except OSError:
        return -1


def _green(base: Any) -> Any:
    class Green(Followed, base):  # type: ignore[misc]
        """A connected socket handed over by the master, inside one of gevent's."""

        __slots__ = (*SLOTS, "reading")

        def __init__(self, family: int, type: int, proto: int, fileno: int) -> None:
            RAW.__init__(self, family, type, proto, fileno)
            self.reading: Any = None
            """The watcher of the greenlet that waits for data."""
            self.watch(*_claims.pop(_inode(fileno)))

        close = Followed.end

    return Green


def _acceptor(get_hub: Any) -> Any:
    def _accept(self: Any) -> tuple[int, Any]:
        entry = listening.find(self)
        if entry is None:
            return RAW._accept(self)  # type: ignore[attr-defined, no-any-return]
        with taking.Shown() as shown:
            fd, peer = listening.take(self, entry, shown)
            _claim(fd, entry.key, peer)
        _watch_drain(get_hub())
        return fd, listening.address_of(peer)

    return _accept


def _claim(fd: int, key: str, peer: bytes) -> None:
    """Remember what an fd is; it is blind until there is a socket of it."""
    if len(_claims) >= _MOST_CLAIMS:  # somebody makes no sockets of them
        _claims.clear()
    _claims[_inode(fd)] = key, peer
    page = here.own_page()
    if page is not None and fd < board.SIZE:
        board.begin(page, fd, board.BLIND)


def _close(self: Any) -> None:
    if RAW.fileno(self) >= 0:
        shim.closing(self)
    RAW.close(self)


def _note_waits(sockets: Any, green: Any) -> None:
    """Let a `Green` know which watcher its reader waits for."""
    plain = sockets._wait

    def _wait(self: Any, watcher: Any, *args: Any, **named: Any) -> Any:
        raw = self._sock
        if type(raw) is green and watcher is self._read_event:
            raw.reading = watcher
        return plain(self, watcher, *args, **named)

    sockets._wait = _wait


def _watch_drain(hub: Any) -> None:
    """Have a hub watch the drain signal, without being kept alive by it."""
    if here.drain_fd < 0 or hasattr(hub, "pm_drain"):
        return
    hub.pm_drain = hub.loop.io(here.drain_fd, 1, ref=False)
    hub.pm_drain.start(_drain, hub)


def _drain(hub: Any) -> None:
    """Move the idle connections of this hub; their readers wake up and see end of file."""
    hub.pm_drain.stop()
    page = here.page
    if page is None or page[0] != board.HAND_OVER:
        return
    for conn in living():
        watcher = getattr(conn, "reading", None)
        if watcher is None or watcher.loop is not hub.loop or not watcher.active:
            continue
        wake, args = watcher.callback, watcher.args
        if wake is not None and conn.move():
            hub.loop.run_callback(wake, *args)
