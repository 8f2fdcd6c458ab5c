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
from functools import cached_property

from ..loop import Loop

_SPACE = socket.CMSG_SPACE(struct.calcsize("3i"))


class Notify:
    """The master's notify socket."""

    def __init__(self, loop: Loop, path: str, ready: Callable[[int], None]) -> None:
        self._path = path
        self._ready = ready
        """Takes the pid of a process that said that it is ready."""
        self._loop = loop
        with suppress(FileNotFoundError):
            os.unlink(path)
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.address = f"/proc/{os.getpid()}/fd/{folder}/{os.path.basename(path)}"
        """Its path in a form that is short, however long PM_HOME is."""
        self._open: list[socket.socket] = []
        self._bind(self.address)
        os.chmod(path, 0o600)

    def address_for(self, strangers: bool) -> str:
        """Return what NOTIFY_SOCKET is, for an app that runs as another user than we too."""
        return self._for_strangers if strangers else self.address

    @cached_property
    def _for_strangers(self) -> str:
        """A name that other users reach, who cannot look into PM_HOME: unix(7), abstract."""
        name = f"@pm-notify-{os.getpid()}-{os.urandom(8).hex()}"
        self._bind("\0" + name[1:])
        return name

    def _bind(self, address: str) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        sock.bind(address)
        self._open.append(sock)
        self._loop.watch(sock.fileno(), select.EPOLLIN, lambda _: self._receive(sock))

    def _receive(self, sock: socket.socket) -> None:
        try:
            data, extra, _, _ = sock.recvmsg(4096, _SPACE)
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
