"""Who holds a port or path that a worker could not bind: proc(5)."""

from __future__ import annotations

import errno
import glob
import json
import os

from .. import process
from .ports import listening

_LONGEST = 120
"""Characters of a command line that name its process."""
_MASTER = "/pm/master/__main__.py "
"""In a master's command line: what follows is its app's name."""


def explain(refused: tuple[str, int, int], reason: str, home: str = "") -> tuple[str, str]:
    """Return message and hint for a refused bind: (host, port, errno) and how the worker ended.

    For a unix socket the host is its path and the port 0.
    """
    host, port, number = refused
    if not port:
        return _explain_path(host, number, reason, home)
    if number != errno.EADDRINUSE:
        hint = (
            f"`ports = [{port}]` lets it, where pm runs as root" if number == errno.EACCES else ""
        )
        return f"cannot bind {host}:{port}: {os.strerror(number)} ({reason})", hint
    holder = _holder({p.link for p in listening() if p.port == port}, home)
    by = f" by {holder}" if holder else ""
    return (
        f"port {port} is in use{by} ({reason})",
        f"stop that, or start the app on another port than {port}",
    )


def _explain_path(path: str, number: int, reason: str, home: str) -> tuple[str, str]:
    """Say why a unix socket could not be bound."""
    if number != errno.EADDRINUSE:
        return f"cannot bind {path}: {os.strerror(number)} ({reason})", ""
    holder = _holder(_unix_inodes(path), home)
    if holder:
        return f"{path} is in use by {holder} ({reason})", "stop that, or take another path"
    return f"{path} is in use ({reason})", "if it is nobody's, remove it"


def _unix_inodes(path: str) -> set[str]:
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.rstrip("\n").split(None, 7) for line in file]
    except OSError:
        return set()
    return {f"socket:[{row[6]}]" for row in rows if len(row) > 7 and row[7] == path}


def _holder(inodes: set[str], home: str) -> str:
    processes = filter(str.isdigit, os.listdir("/proc"))
    pids = [pid for pid in processes if not inodes.isdisjoint(process.open_files(int(pid)))]
    ours = _masters(home)
    for pid in pids:
        if pid in ours:
            return f"the app `{ours[pid]}`"
    for pid in pids:  # its daemon holds the listener too: who ended that would free no port
        _, marker, app = _command(pid).partition(_MASTER)
        if marker:
            return f"the app `{app}` of another PM_HOME (master pid {pid})"
    return f"pid {pids[0]} ({_command(pids[0])[:_LONGEST] or '?'})" if pids else ""


def _masters(home: str) -> dict[str, str]:
    """Return the apps of this PM_HOME by their masters' pids."""
    found = {}
    for path in glob.glob(os.path.join(glob.escape(home), "run", "*.json")):
        try:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            found[str(data["pid"])] = str(data["app"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return ""
    return " ".join(b" ".join(words).decode(errors="replace").split())
