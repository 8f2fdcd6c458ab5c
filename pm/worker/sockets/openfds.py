"""Who has a file open: proc(5)."""

from __future__ import annotations

import os


def is_held_elsewhere(inode: int) -> bool:
    """True if another process of this worker's group has the socket: it goes on accepting."""
    name = f"socket:[{inode}]"
    group = os.getpgrp()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(pid) == os.getpid() or os.getpgid(int(pid)) != group:
                continue
            fds = [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:  # it has ended, or is not ours to look at
            continue
        if any(_link_of(fd) == name for fd in fds):
            return True
    return False


def _link_of(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def fds_of(inode: int) -> list[int]:
    """Return this process's fds of a file."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.fstat(int(name)).st_ino == inode:
                found.append(int(name))
        except OSError:
            continue
    return found
