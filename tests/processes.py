"""Processes of one test, found by a mark in their environment or command line."""

from __future__ import annotations

import contextlib
from pathlib import Path

MARK = "TEST_PM_HOME"
"""Every process that a test's `pm` starts inherits this variable: its value is the PM_HOME."""


def marked(home: str) -> dict[int, str]:
    """Return the living processes of the test with that PM_HOME: pid to command line."""
    found = {}
    needles = {f"{MARK}={home}".encode(), f"PM_HOME={home}".encode()}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().rstrip(b"\0")
            environ = set((entry / "environ").read_bytes().split(b"\0"))
            alive = b"\nState:\tZ" not in (entry / "status").read_bytes()
            if alive and (needles & environ or home.encode() in command):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def is_fork_server(command: str) -> bool:
    """Say whether a command line, as `marked` gives it, is that of a fork server."""
    return command.rstrip().endswith("/master/__main__.py fork server")


def is_stopped(pid: int) -> bool:
    """Say whether all threads of `pid` are stopped: SIGSTOP takes effect in one after the other."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all("\nState:\tT" in (thread / "status").read_text() for thread in threads)


def is_alive(pid: int) -> bool:
    """Say whether `pid` runs: a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
