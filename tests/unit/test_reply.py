"""Answers to workers' questions, also where the master has no room for one more fd."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pm.master.reply import answer


@contextmanager
def no_more_fds() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_an_answer_needs_no_fd_and_one_that_does_is_left_out() -> None:
    """Timers answer too: an error would be the master's end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        with no_more_fds():
            answer(ours.fileno(), {"failed": "late"}, [])
            answer(ours.fileno(), {"errno": 0}, [], bytes(1 << 20))
        assert theirs.recv(100) == b'{"failed": "late"}\n'
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(100) == b""
