"""A listener that the workers share: each accepts by itself, who is quickest gets the connection.

The app's fd stays the real listener. The hand-off channel lies beside it, for a blocked accept()
that is to end. O_NONBLOCK belongs to the open file, so to all workers: it is always set, and a
socket that blocks, or has a timeout, waits here.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time

from .. import here
from ..link import RAW, WAKE, park
from .replacing import replace

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from . import taking
    from .listening import Listening

_poll = select.poll  # gevent's would switch to another greenlet


def share(sock: RAW, entry: Listening, channel: int) -> None:
    """Put the real listener under the app's fd number, and the channel beside it."""
    fd = sock.fileno()
    if not entry.first:
        replace(fd, entry.parked.fileno())
    os.set_blocking(fd, False)
    entry.channel = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, park(channel))


def take(sock: RAW, entry: Listening, shown: taking.Shown) -> tuple[int, bytes]:
    """Take a connection from the listener; returns its fd and its peer as the master writes it.

    Raises as accept(2), BlockingIOError and timeout as `sock` has it. A worker that drains takes
    none: they are for the others.
    """
    timeout = sock.gettimeout()
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        if entry.shut:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        shown.set(True)  # before the look: the drain may begin after it
        leaving = _leaves()
        try:
            if not leaving:
                fd, address = entry.parked._accept()  # type: ignore[attr-defined]
                parts = address if isinstance(address, tuple) else ()  # a unix client has none
                return fd, " ".join(map(str, parts)).encode()
        except BlockingIOError:
            pass
        shown.set(False)
        if timeout == 0.0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        _wait(entry, until, leaving)


def _leaves() -> bool:
    """True if the master has begun to drain this worker."""
    if here.page is not None:
        return here.page[0] != 0
    return here.drain_fd >= 0 and _readable(here.drain_fd)


def _readable(fd: int) -> bool:
    waiter = _poll()
    waiter.register(fd, select.POLLIN)
    return bool(waiter.poll(0))


def _wait(entry: Listening, until: float | None, leaving: bool) -> None:
    """Wait for a connection, the drain or a message; raises timeout, or ECONNABORTED if woken."""
    waiter = _poll()
    channel = entry.channel
    assert channel is not None
    if channel.fileno() >= 0:
        waiter.register(channel, select.POLLIN)
    if not leaving:
        waiter.register(entry.parked, select.POLLIN)
        if here.drain_fd >= 0:
            waiter.register(here.drain_fd, select.POLLIN)
    left = None if until is None else max(0.0, until - time.monotonic()) * 1000
    ready = waiter.poll(left)
    if not ready:
        raise socket.timeout("timed out")
    if any(fd == channel.fileno() for fd, _ in ready):
        _hear(entry, channel)


def _hear(entry: Listening, channel: RAW) -> None:
    """Take a message of the master; its end of file is not ours: others serve this listener too."""
    message = channel.recv(1 << 8)
    if not message:
        channel.close()
    elif message[0] == WAKE and not entry.shut:
        raise OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
