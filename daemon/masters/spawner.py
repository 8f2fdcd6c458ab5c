"""Starts masters: forked by the fork server where that is ready, else as new interpreters."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence

import pm

from .forkserver import ForkServer
from .process import Process, spawn

_log = logging.getLogger(__name__)


def master_command() -> tuple[str, ...]:
    """Return how a master is started: by path, with nothing of the user's environment."""
    folder = os.path.dirname(os.path.abspath(pm.__file__))
    return sys.executable, "-S", "-E", os.path.join(folder, "master", "__main__.py")


class Spawner:
    """Starts masters that all get the same of the daemon, forked or not."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str], log_fd: int) -> None:
        self._command = command
        self._environment = environment
        """The daemon's own from its start; the app's is in its spec."""
        self._log_fd = log_fd
        """$PM_HOME/pm.log, for what a master itself has to say."""
        self._server: ForkServer | None = None

    def warm_up(self) -> None:
        """Start a fork server if there is none that is of use; nobody waits for it."""
        if self._server is None or not self._server.useful:
            self.close()
            with contextlib.suppress(OSError):
                self._server = ForkServer(self._command, self._environment, self._log_fd)
                _log.info("the fork server is pid %d", self._server.pid)

    def close(self) -> None:
        """End the fork server; the masters live on."""
        if self._server is not None:
            self._server.end()
            self._server = None

    def start_master(self, name: str, bootstrap: bytes, fds: Sequence[int]) -> Process:
        """Start a master on a control socket and kept listeners. Raises OSError."""
        # A memory file, not a pipe: an environment may be larger than a pipe takes unread.
        stdin = os.memfd_create("bootstrap", os.MFD_CLOEXEC)
        try:
            with open(stdin, "wb", closefd=False) as file:
                file.write(bootstrap)
            os.lseek(stdin, 0, os.SEEK_SET)
            return self._start(name.encode(errors="replace"), stdin, fds)
        finally:
            os.close(stdin)

    def _start(self, name: bytes, stdin: int, fds: Sequence[int]) -> Process:
        if self._server is not None and self._server.useful:
            pid = self._server.fork(name, (stdin, *fds))
            if pid:
                return Process.child(pid)
        words: list[str | bytes] = [*self._command, name, *map(str, fds)]
        process = spawn(words, self._environment, stdin, self._log_fd, fds)
        self.warm_up()
        return process
