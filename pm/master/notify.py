"""Readiness said the way of systemd: `READY=1` to the socket named by NOTIFY_SOCKET (sd_notify(3)).

For apps in any language. The sender is known by the credentials that the kernel attaches.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from .loop import Loop

_SPACE = socket.CMSG_SPACE(struct.calcsize("3i"))


class Notify:
    """The master's notify socket."""

    def __init__(self, loop: Loop, path: str, ready: Callable[[int], None]) -> None:
        self._path = path
        self._ready = ready
        """Takes the pid of a process that said that it is ready."""
        with suppress(FileNotFoundError):
            os.unlink(path)
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.address = f"/proc/{os.getpid()}/fd/{folder}/{os.path.basename(path)}"
        """Its path in a form that is short, however long PM_HOME is."""
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._sock.bind(self.address)
        os.chmod(path, 0o600)
        loop.watch(self._sock.fileno(), select.EPOLLIN, self._receive)

    def _receive(self, _: int) -> None:
        try:
            data, extra, _, _ = self._sock.recvmsg(4096, _SPACE)
        except OSError:
            return
        if b"READY=1" not in data.split(b"\n"):
            return
        for level, kind, raw in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self._ready(struct.unpack("3i", raw[:12])[0])

    def close(self) -> None:
        """Remove the socket's file."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)
