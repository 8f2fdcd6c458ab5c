"""Answers to workers' questions, on the socket that came with the question."""

from __future__ import annotations

import _socket
import array
import os
import socket

from ..worker import parcel


def answer(reply: int, head: dict[str, object], fds: list[int], body: bytes = b"") -> None:
    """Answer on `reply`, which stays open; an asker that is gone or does not read gets none."""
    copy = os.dup(reply)
    try:
        sock = _socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, copy)
    except OSError:  # no socket
        os.close(copy)
        return
    raw, made = parcel.pack(head, body)
    carried = array.array("i", [*fds, *made])
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, carried.tobytes())]
    try:
        sock.sendmsg([raw], rights if carried else [], socket.MSG_DONTWAIT)
    except OSError:  # the asker has gone
        pass
    finally:
        sock.close()
        for fd in made:
            os.close(fd)
