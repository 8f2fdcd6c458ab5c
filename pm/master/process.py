"""The one place where the master signals and reaps processes; `spawn` makes them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Collection, Sequence

from ..codec import to_plain
from ..model import AppSpec, Target
from .spawn import spawn
from .workers.restart import Exit

_TICKS = os.sysconf("SC_CLK_TCK")


_ACTIVATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "activate.py")


def spawn_worker(
    spec: AppSpec, environ: dict[str, str], out: int, error: int, listeners: Sequence[int] = ()
) -> int:
    """Start a worker by fork and exec, for what is no Python or shall be no cluster.

    `listeners` become its fds from 3 on.
    """
    words = _command(spec)
    if listeners:
        numbers = ",".join(map(str, listeners))
        words = [sys.executable, "-I", "-S", _ACTIVATE, numbers, *words]
    env = {**spec.env, **environ}
    return spawn(words, to_plain(spec), env, out, error, tuple(listeners))


def _command(spec: AppSpec) -> list[str]:
    if spec.target is Target.COMMAND:
        return [spec.script, *spec.args]
    options = ["-u", *spec.interpreter_args]
    if spec.target is Target.MODULE:
        return [spec.interpreter, *options, "-m", spec.script, *spec.args]
    return [spec.interpreter, *options, spec.script, *spec.args]


def reap() -> list[tuple[int, Exit]]:
    """Collect every child that has ended."""
    ended = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        ended.append((pid, _exit_of(status)))
    return ended


UNKNOWN = Exit(None)
"""The end of a child that somebody else has reaped."""


def reap_one(pid: int) -> Exit:
    """Collect one child that has ended, and no other."""
    try:
        return _exit_of(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return UNKNOWN


def _exit_of(status: int) -> Exit:
    code = os.waitstatus_to_exitcode(status)
    return Exit(code) if code >= 0 else Exit(None, signal_name(-code))


def signal_name(number: int) -> str:
    """Return "SIGTERM" for 15, and a name also for real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def signal_number(name: str) -> int:
    """Return 15 for "SIGTERM", and for a name that is none."""
    return getattr(signal, name, signal.SIGTERM) if name.startswith("SIG") else signal.SIGTERM


def send(pid: int, number: int) -> None:
    """Send a signal to a process; one that is gone needs none, another user's takes none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_group(pid: int, number: int) -> None:
    """Send a signal to a worker's whole process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def group_of(pid: int) -> int:
    """Return the process group of a process, 0 if it is gone."""
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def group_lives(pid: int) -> bool:
    """True if a process group has members."""
    try:
        os.killpg(pid, 0)
    except OSError:
        return False
    return True


def start_time(pid: int) -> int:
    """Return when a process started (clock ticks since boot), 0 if it is gone: proc(5)."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def is_child(pid: int) -> bool:
    """True for a child of this process that has not been reaped."""
    return _stat(pid)[1:2] == [str(os.getpid())]


def is_waiting(pid: int) -> bool:
    """True if a process lives and waits for something other than a core or a disk."""
    return _stat(pid)[:1] in (["S"], ["T"], ["t"])


def has_ended(pid: int) -> bool:
    """True if a process has ended and was not reaped yet."""
    return _stat(pid)[:1] in (["Z"], ["X"])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, 0 if it is gone: proc(5)."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def awake_seconds(pid: int) -> float:
    """Return how long a process has run or waited for a core, 0 if it is gone."""
    return cpu_seconds(pid) + starved_seconds(pid)


def cpu_if_runnable(pids: Collection[int]) -> float | None:
    """Return the CPU time that processes have used; None if all sleep: none waits for a core."""
    if not any(map(_is_runnable, pids)):
        return None
    return sum(map(cpu_seconds, pids))


def starved_seconds(pid: int) -> float:
    """Return how long a process's main thread was ready to run and got no core: proc(5).

    0 if it is gone, or the kernel keeps no schedstat.
    """
    with contextlib.suppress(OSError), open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9
    return 0.0


def family_of(pid: int) -> list[int]:
    """Return a process and all its descendants: proc(5), /proc/PID/task/TID/children."""
    children = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                children += list(map(int, file.read().split()))
    return [pid, *(one for child in children for one in family_of(child))]


def kill_holders(link: str) -> None:
    """Kill every other process that has a file open, also those forked meanwhile: proc(5), fd."""
    killed: set[int] = set()
    while found := _holders_of(link) - killed:
        for pid in found:
            send(pid, signal.SIGKILL)
        killed |= found


def _holders_of(link: str) -> set[int]:
    pids = {int(name) for name in os.listdir("/proc") if name.isdecimal()} - {os.getpid()}
    return {pid for pid in pids if link in open_files(pid)}


def open_files(pid: int) -> dict[str, int]:
    """Return what /proc/PID/fd says of each open file, and an fd; nothing of who has ended."""
    folder, found = f"/proc/{pid}/fd", {}
    with contextlib.suppress(OSError):  # it has ended, or is somebody else's
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):  # closed just now
                found[os.readlink(f"{folder}/{fd}")] = int(fd)
    return found


def _is_runnable(pid: int) -> bool:
    """True if a thread of a process runs, or waits for a core: often it is the main one."""
    if _stat(pid)[:1] == ["R"]:
        return True
    with contextlib.suppress(OSError):
        threads = os.listdir(f"/proc/{pid}/task")
        return any(_stat(f"{pid}/task/{thread}")[:1] == ["R"] for thread in threads)
    return False


def _stat(pid: int | str) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
