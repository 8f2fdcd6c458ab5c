"""A spare: a worker forked ahead of need, which waits for its order.

Forking copies page tables, and of a process that has imported much that takes longer than all
the rest of a worker's start. So a template with a preload keeps one spare: the next order costs
it no fork.
"""

from __future__ import annotations

import _socket
import os
import select
import socket
import struct

from .link import RAW, park, received_fds, rights

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from collections.abc import Callable

_FLAGS = socket.MSG_CMSG_CLOEXEC
SPACE = socket.CMSG_SPACE(5 * 4)
"""Room for the fds of an order."""
LARGEST = 1 << 17


class Spare:
    """The template's hold on its spare."""

    def __init__(self, pid: int, channel: RAW) -> None:
        self.pid = pid
        self._channel = channel

    def give(self, order: bytes, fds: list[int]) -> bool:
        """Give it its order; False if it has died meanwhile."""
        try:
            self._channel.sendmsg([order], rights(fds), socket.MSG_NOSIGNAL)
        except OSError:
            return False
        finally:
            self._channel.close()
        return True


def fork_spare(leave: Callable[[], None]) -> Spare | tuple[bytes, list[int]] | None:
    """Fork a spare; None if that fails.

    In the spare itself: `leave` the template, wait, return the order and its fds. A spare whose
    template ends before that ends too, and one whose order is not valid any more.
    """
    ours, theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, park(ours.detach()))
    pid = fork_away()
    if pid == 0:
        channel.close()
        leave()
        order, ancillary, _, _ = theirs.recvmsg(LARGEST, SPACE, _FLAGS)
        theirs.close()
        fds = received_fds(ancillary)
        if not order or _is_cut(fds[0]):  # by a master that was never told of this process
            os._exit(0)
        return order, fds
    theirs.close()
    if pid < 0:
        channel.close()
        return None
    return Spare(pid, channel)


def _is_cut(link: int) -> bool:
    poll = select.poll()
    poll.register(link, 0)
    return bool(poll.poll(0))


def fork_away() -> int:
    """Fork by way of a short-lived child: the parent will be the subreaper above this process.

    Returns the new process's pid, 0 in it, -1 if it could not be made.
    """
    reader, writer = os.pipe()
    child = _fork()
    if child == 0:
        worker = _fork()
        if worker:
            os.write(writer, struct.pack("i", worker))
            os._exit(0)
        os.close(reader)
        os.close(writer)
        return 0
    os.close(writer)
    raw = os.read(reader, 4)
    os.close(reader)
    if child > 0:
        os.waitpid(child, 0)
    return int(struct.unpack("i", raw)[0]) if len(raw) == 4 else -1


def _fork() -> int:
    try:
        return os.fork()
    except OSError:  # too many processes, or no memory
        return -1
