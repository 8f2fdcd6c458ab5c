"""Sockets made of an fd that came from elsewhere: pickled, inherited, sent by a parent process.

If the fd is a hand-off channel of this worker, or a listener that it shares, the master says which.
"""

from __future__ import annotations

import errno
import socket

from .. import here
from ..link import RAW, park
from . import listening, sharing


def recognize(sock: RAW) -> None:
    """Make a socket that has just been made of an fd a listener, if its fd is one of ours."""
    if here.link is None or not _may_be_ours(sock):
        return
    entry = listening.find(sock) or _told_by_master(sock)
    if entry is not None and sock.type == socket.SOCK_SEQPACKET:  # nobody said what it is
        real = entry.parked
        RAW.__init__(sock, real.family, real.type, real.proto, sock.fileno())


def _may_be_ours(sock: RAW) -> bool:
    """True for what may be a channel, or a listener: a stream socket without a peer."""
    try:
        kind = RAW.getsockopt(sock, socket.SOL_SOCKET, socket.SO_TYPE)
    except OSError:  # no socket at all: the app will be told
        return False
    if kind == socket.SOCK_STREAM:
        try:
            RAW.getpeername(sock)
        except OSError as error:
            return error.errno == errno.ENOTCONN
    return kind == socket.SOCK_SEQPACKET


def _told_by_master(sock: RAW) -> listening.Listening | None:
    assert here.link is not None
    try:
        answer, fds = here.link.ask({"do": "whose"}, [sock.fileno()])
    except OSError:  # none of ours, or no master
        return None
    key = str(answer["key"])
    real = RAW(fileno=park(fds[0]))
    host, port, index = key.partition("|")[2].rsplit("|", 2)
    entry = listening.Listening(key, (int(real.family), host, int(port)), int(index), real)
    entry.pid = 0  # bound by another process: this one never says that it is closed
    entry.listens = bool(answer["listens"])
    if len(fds) > 1:
        sharing.share(sock, entry, fds[1])
    listening.keep(sock, entry)
    return entry
