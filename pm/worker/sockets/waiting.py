"""How a connection waits for its next request: for data, and for the drain."""

from __future__ import annotations

import select
import socket
import struct

from .. import here
from ..link import RAW

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_READ = select.POLLIN | select.POLLHUP | select.POLLERR
_poll = select.poll
_LIMIT = (socket.SOL_SOCKET, socket.SO_RCVTIMEO)
_EVER = struct.pack("ll", 0, 0)
_BRIEF = struct.pack("ll", 0, 20_000)
"""SO_RCVTIMEO (socket(7)): 20 ms."""


def has_limit(sock: RAW) -> bool:
    """True if the app has set SO_RCVTIMEO itself."""
    return RAW.getsockopt(sock, *_LIMIT, len(_EVER)) != _EVER


def read_briefly(sock: RAW, method: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Read as soon as data is there; raises BlockingIOError if none comes for a moment.

    A busy connection is read by one call, as in plain python. To wait with poll() first would
    give up the interpreter's lock once more for each request: a quarter of the time of a small one.
    """
    RAW.setsockopt(sock, *_LIMIT, _BRIEF)
    try:
        return method(sock, *args)
    finally:
        try:
            RAW.setsockopt(sock, *_LIMIT, _EVER)
        except OSError:  # another thread has closed it meanwhile
            pass


def wait(sock: RAW, timeout: float | None) -> None:
    """Wait for data or for the drain; raises timeout after `timeout` seconds."""
    waiter = _poll()
    waiter.register(RAW.fileno(sock), _READ)
    waiter.register(here.drain_fd, select.POLLIN)
    if not waiter.poll(None if timeout is None else timeout * 1000):
        raise socket.timeout("timed out")


def readable(sock: RAW) -> bool:
    """True if data is there: with a timeout set, even a peek with MSG_DONTWAIT would wait."""
    waiter = _poll()
    waiter.register(RAW.fileno(sock), _READ)
    return bool(waiter.poll(0))
