"""Answers to workers' questions, on the socket that came with the question."""

from __future__ import annotations

import _socket
import array
import os
import socket
from contextlib import suppress

from ..worker import parcel


def answer(reply: int, head: dict[str, object], fds: list[int], body: bytes = b"") -> None:
    """Answer on `reply`, which stays open; an asker that is gone or does not read gets none.

    Nor does one whose answer is long while no fd is to be had.
    """
    with suppress(OSError):
        raw, made = parcel.pack(head, body)
        try:
            _send(reply, raw, [*fds, *made])
        finally:
            for fd in made:
                os.close(fd)


def _send(reply: int, raw: bytes, fds: list[int]) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())]
    sock = _socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, reply)
    try:
        sock.sendmsg([raw], rights if fds else [], socket.MSG_DONTWAIT)
    finally:
        sock.detach()
