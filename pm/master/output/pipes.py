"""The two pipes of a process: it writes, the log thread reads."""

from __future__ import annotations

import os
from typing import Literal, Protocol

TEMPLATE_SLOT = 0xFFFFFFFF
"""Slot under which a template's own lines are filed: it is nobody's."""


class Logs(Protocol):
    """What the log writer does for us."""

    def add(self, fd: int, stream: Literal["out", "error"], slot: int, pid: int) -> None:
        """Take over the read end of a pipe."""


def let_others_open(*fds: int) -> None:
    """Let an app of another user open its own pipes by name, as `/dev/stdout`.

    The mode is all that forbids it: a pipe is found only in /proc/PID/fd, which opens to nobody
    but the process's own user.
    """
    for fd in fds:
        os.fchmod(fd, 0o622)


class Pipes:
    """Write ends for a process about to be made, read ends for the log thread."""

    def __init__(self, logs: Logs, slot: int, strangers: bool = False) -> None:
        """Make both; `strangers` if the process runs as another user than this one."""
        self._logs = logs
        self._slot = slot
        self._out_reader, self.out = os.pipe2(os.O_CLOEXEC)
        self._error_reader, self.error = os.pipe2(os.O_CLOEXEC)
        if strangers:
            let_others_open(self.out, self.error)

    def follow(self, pid: int) -> None:
        """Close the write ends here and have the read ends followed as this process's."""
        os.close(self.out)
        os.close(self.error)
        self.read_as(pid)

    def read_as(self, pid: int) -> None:
        """Have the read ends followed; the write ends are somebody else's to close."""
        self._logs.add(self._out_reader, "out", self._slot, pid)
        self._logs.add(self._error_reader, "error", self._slot, pid)

    def abandon(self) -> None:
        """Close all four ends: the process could not be made."""
        for fd in (self.out, self.error, self._out_reader, self._error_reader):
            os.close(fd)

    @property
    def link(self) -> str:
        """What /proc/PID/fd says of the first, in a process that has it."""
        return os.readlink(f"/proc/self/fd/{self._out_reader}")

    def unread(self) -> None:
        """Close the read ends: the process was never made."""
        os.close(self._out_reader)
        os.close(self._error_reader)
