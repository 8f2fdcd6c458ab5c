"""The file of a unix listener: which one it is, whether anybody listens there, its removal."""

from __future__ import annotations

import _socket
import errno
import os
import stat

Mark = tuple[int, int]
"""Device and inode of a socket's file."""

KEY = "unix|"
"""What the key of a unix listener begins with; the path follows, or `@` and an abstract name."""


def mark_of(path: str) -> Mark | None:
    """Return the mark of the socket's file at a path; None if there is none."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def is_stale(path: str) -> bool:
    """True if a socket's file lies there on which nobody listens (connect(2): ECONNREFUSED)."""
    if mark_of(path) is None:
        return False
    try:
        folder = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return False
    # by the folder's fd: a path may be longer than the 107 bytes that a socket's name may have
    name = f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        return sock.connect_ex(name) == errno.ECONNREFUSED
    except OSError:  # too long even so
        return False
    finally:
        sock.close()
        os.close(folder)


def remove(path: str, mark: Mark | None = None) -> None:
    """Remove a socket's file, if it is the one marked, or else if it is stale."""
    if is_stale(path) if mark is None else mark_of(path) == mark:
        try:
            os.unlink(path)
        except OSError:  # gone, or not ours to remove: it is stale then
            pass


def path_of(key: str) -> str:
    """Return the path of a unix listener's file from its key; empty if it has none."""
    if not key.startswith(KEY + "/"):
        return ""
    return key[len(KEY) :].rpartition("|")[0].rpartition("|")[0]
