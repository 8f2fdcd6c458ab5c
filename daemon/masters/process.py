"""Processes by pid and start time: a pid alone may belong to somebody else by now.

The daemon's one place that starts processes, waits for them and sends signals to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from pm.record import dataclass

_held: dict[int, Process] = {}
"""Those that are waited for, by pid."""


@dataclass(frozen=True)
class Alive:
    """A process that was seen alive: its pid and its start time in clock ticks since boot."""

    pid: int
    start: int


def start_time(pid: int) -> int:
    """Return a process's start time in clock ticks since boot; 0 if it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return 0
    fields = text[text.rindex(b")") + 2 :].split()
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])


class Process:
    """A process that is waited for by pidfd: a child of ours or an adopted one."""

    def __init__(self, pid: int) -> None:
        """Take hold of a living process; raises ProcessLookupError if it is gone."""
        self.pid = pid
        self.start = start_time(pid)
        self.ended = asyncio.Event()
        self.code: int | None = None
        """How it ended, if it was our child."""
        self._fd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._fd, self._exited)
        _held[pid] = self

    @classmethod
    def child(cls, pid: int) -> Process:
        """Take hold of a child; one that cannot be watched is not left behind."""
        try:
            return cls(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)  # not reaped yet: the pid is still its own
            raise

    def _exited(self) -> None:
        reap()
        self.release()
        self.ended.set()

    def release(self) -> None:
        """Stop waiting for it."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
            if _held.get(self.pid) is self:
                del _held[self.pid]

    async def gone_within(self, seconds: float) -> bool:
        """Wait for its end, at most `seconds`."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def send(self, number: int) -> None:
        """Send a signal; a process that has ended is none of our business any more."""
        if self._fd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, number)

    def kill_group(self) -> None:
        """SIGKILL it and, if it leads a process group, all of that."""
        if self._fd < 0:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, signal.SIGKILL)
        self.send(signal.SIGKILL)

    @property
    def exit_words(self) -> str:
        """Say how it ended: "exit code 1", "SIGKILL", or "it is gone" if it was not our child."""
        code = self.code
        if code is None:
            return "it is gone"
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def reap() -> None:
    """Collect every child that has ended: ours, and those that a dead master has left to us."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if pid in _held:
                _held[pid].code = os.waitstatus_to_exitcode(status)


def spawn(
    words: Sequence[str | bytes],
    environment: dict[str, str],
    stdin: int,
    output: int,
    fds: Sequence[int] = (),
) -> Process:
    """Start a process in a session of its own, in `/`. Raises OSError."""
    popen = subprocess.Popen(
        words, cwd="/", env=environment, stdin=stdin, stdout=output, stderr=output,
        pass_fds=fds, start_new_session=True,
    )  # fmt: skip
    popen.returncode = 0  # reaped by `reap`, not by Popen
    return Process.child(popen.pid)


def hold(seen: Alive) -> Process | None:
    """Take hold of a process seen before, or None if it is gone or its pid is another's now."""
    if not seen.start or start_time(seen.pid) != seen.start:
        return None
    try:
        process = Process(seen.pid)
    except (ProcessLookupError, OSError):
        return None
    if process.start != seen.start:
        process.release()
        return None
    return process
