"""One daemon for each PM_HOME: whoever holds the lock on `daemon.lock`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time

from pm.errors import Failed
from pm.home import through

_PATIENCE = 10.0
_PAUSE = 0.02


def take(home_fd: int) -> int | None:
    """Take the lock and return its fd; None if another daemon lives and takes requests.

    A holder that has no socket is starting or ending: waits for either. Raises Failed if it does
    neither in time.
    """
    fd = os.open(through(home_fd, "daemon.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sign(fd)
            return fd
        except BlockingIOError:
            if _accepts(through(home_fd, "rpc.sock")):
                os.close(fd)
                return None
        if time.monotonic() > deadline:
            holder = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise Failed(
                f"another daemon (pid {holder}) holds the lock and takes no requests",
                f"see pm.log, or end it with `kill {holder}`: the apps go on",
            )
        time.sleep(_PAUSE)  # neither the end of a lock nor a new socket can be waited for


def _sign(fd: int) -> None:
    """Write our pid into the file, for people: a full disk is no reason not to start."""
    with contextlib.suppress(OSError):
        os.ftruncate(fd, os.pwrite(fd, f"{os.getpid()}\n".encode(), 0))


def _accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0
