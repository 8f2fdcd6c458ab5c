"""The daemon's end of the fork server: orders to fork masters, and their pids."""

from __future__ import annotations

import os
import resource
import signal
import socket
import struct
from collections.abc import Sequence

from pm.master.forkserver import MOST_FDS, READY, ROOM

from .process import spawn

_PATIENCE = 2.0
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})


class ForkServer:
    """One such process, from its start to its end."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log_fd: int) -> None:
        """Start it; it is of use once it has said that it is ready. Raises OSError."""
        self._inherited = _inherited()
        self._ready = False
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                words = [*command, "fork server".ljust(ROOM)]
                self._process = spawn(words, environment, theirs.fileno(), log_fd)
        except OSError:
            self._channel.close()
            raise

    @property
    def pid(self) -> int:
        """Its pid."""
        return self._process.pid

    @property
    def useful(self) -> bool:
        """True if it lives, and its masters would be as those that the daemon starts itself."""
        return not self._process.ended.is_set() and self._inherited == _inherited()

    def fork(self, name: bytes, fds: Sequence[int]) -> int:
        """Order a master: bootstrap, control socket and listeners; returns its pid.

        0 if it is not ready yet, cannot do it, or has died: there is no master then, nor will be.
        """
        if not self._is_ready() or len(fds) >= MOST_FDS:
            return 0
        answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with answer:
            with theirs:
                try:
                    socket.send_fds(
                        self._channel, [name], [theirs.fileno(), *fds], socket.MSG_DONTWAIT
                    )
                except OSError:  # it has died, or does not read
                    return 0
            return self._pid(answer)

    def end(self) -> None:
        """End it; its masters live on."""
        self._process.send(signal.SIGKILL)
        self._channel.close()

    def _is_ready(self) -> bool:
        if not self._ready:
            try:
                self._ready = self._channel.recv(len(READY), socket.MSG_DONTWAIT) == READY
            except OSError:  # it still imports
                return False
        return self._ready

    def _pid(self, answer: socket.socket) -> int:
        """Wait for a master's answer, or for the end of all who could give it."""
        answer.settimeout(_PATIENCE)
        size = struct.calcsize("i")
        try:
            raw = answer.recv(size)
        except TimeoutError:
            self._process.send(signal.SIGKILL)  # it hangs
            answer.shutdown(socket.SHUT_RD)  # a master that comes too late sees it, and ends
            raw = answer.recv(size)
        return int(struct.unpack("i", raw)[0]) if raw else 0


def _inherited() -> tuple[object, ...]:
    """Return what a child gets of this process that others may change: prlimit, nice, taskset."""
    limits = tuple(resource.getrlimit(number) for number in _LIMITS)
    return limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)
