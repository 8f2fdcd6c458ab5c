"""The fork server: has imported all that a master imports, and forks one for each order.

A fork takes a millisecond where a new interpreter takes fifty. It is the daemon's child and ends
with it, so it never forks old code for a new daemon. It forks twice: the master's parent is the
daemon (a child subreaper), and the master outlives both.

An order is the app's name, with these descriptors: where to answer, the bootstrap, and what the
master gets. The master itself answers, with its pid. So the daemon knows that there is one, or,
at the end of file, that there will be none, whatever has been killed meanwhile.
"""

from __future__ import annotations

import array
import ctypes
import gc
import os
import socket
import struct
import sys

READY = b"ready"
MOST_FDS = 253
"""As many fit one message: SCM_MAX_FD of unix(7)."""
ROOM = 512
"""Bytes of the command line that ps(1) shows the app's name in."""
_LARGEST = 1 << 10


def serve() -> list[int]:
    """Serve the daemon on descriptor 0; returns in each forked master, with its descriptors."""
    from . import main  # noqa: F401  # not for those who only import the constants

    channel = socket.socket(fileno=os.dup(0))
    gc.collect()
    gc.freeze()
    try:
        channel.send(READY)
        return _fork_on_demand(channel)
    except ConnectionError:  # the daemon was killed before it had read that we are ready
        os._exit(0)


def _fork_on_demand(channel: socket.socket) -> list[int]:
    """Take orders until the daemon ends; returns in each forked master."""
    while True:
        name, fds = _receive(channel)
        if not name:
            os._exit(0)
        if _fork():
            channel.close()
            return _become_master(name, fds)
        for fd in fds:
            os.close(fd)


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(MOST_FDS * 4)
    name, ancillary, _, _ = channel.recvmsg(_LARGEST, space, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, data in ancillary:
        fds.frombytes(data)
    return name, list(fds)


def _fork() -> bool:
    """Fork by way of a short-lived child; True in the master.

    Where no process is to be had, the answer's end of file says so.
    """
    try:
        child = os.fork()
    except OSError:
        return False
    if child:
        os.waitpid(child, 0)
        return False
    try:
        if os.fork() == 0:
            return True
    except OSError:
        pass
    os._exit(0)


def _become_master(name: bytes, fds: list[int]) -> list[int]:
    """Turn a fresh fork into a master as exec would have made it; ends one nobody waits for."""
    reply, bootstrap, *given = fds
    os.setsid()
    os.dup2(bootstrap, 0)
    os.close(bootstrap)
    _show(name)
    with socket.socket(fileno=reply) as answer:
        try:
            answer.send(struct.pack("i", os.getpid()))
        except OSError:
            os._exit(0)
    return given


def _show(name: bytes) -> None:
    """Write the app's name over the command line that ps(1) shows, as setproctitle(3) does.

    The last byte tells the kernel that it was overwritten: it shows the text up to its end.
    """
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    text = b" ".join([*map(os.fsencode, sys.orig_argv[:-1]), name])[: max(0, end - start - 2)]
    if text:
        ctypes.memmove(start, text.ljust(end - start - 1, b"\0") + b" ", end - start)
