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
    found = _find(path)
    return found and (found.st_dev, found.st_ino)


def _find(path: str, folder: int | None = None) -> os.stat_result | None:
    try:
        found = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except (OSError, ValueError):
        return None
    return found if stat.S_ISSOCK(found.st_mode) else None


def is_stale(path: str) -> bool:
    """True if a socket's file lies there on which nobody listens (connect(2): ECONNREFUSED)."""
    folder = _folder_of(path)
    if folder < 0:
        return False
    try:
        name = os.path.basename(path)
        return _find(name, folder) is not None and _refuses(folder, name)
    finally:
        os.close(folder)


def _folder_of(path: str) -> int:
    try:
        return os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return -1


def _refuses(folder: int, name: str) -> bool:
    # by the folder's fd: a path may be longer than the 107 bytes that a socket's name may have
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        return sock.connect_ex(f"/proc/self/fd/{folder}/{name}") == errno.ECONNREFUSED
    except OSError:  # too long even so
        return False
    finally:
        sock.close()


def remove(path: str, maker: int, mark: Mark | None = None) -> None:
    """Remove a socket's file, if it is the one marked, or else if it is stale.

    `maker` is the uid of who made the socket: where that is not root, no other's file is removed,
    whatever its app says of the path. All is done in one folder, which cannot be exchanged
    between the look and the removal.
    """
    folder = _folder_of(path)
    if folder < 0:
        return
    name = os.path.basename(path)
    try:
        found = _find(name, folder)
        if found is None or maker not in (0, found.st_uid):
            return
        if _refuses(folder, name) if mark is None else mark == (found.st_dev, found.st_ino):
            os.unlink(name, dir_fd=folder)
    except OSError:  # gone, or not ours to remove: it is stale then
        pass
    finally:
        os.close(folder)


def path_of(key: str) -> str:
    """Return the path of a unix listener's file from its key; empty if it has none."""
    if not key.startswith(KEY + "/"):
        return ""
    return key[len(KEY) :].rpartition("|")[0].rpartition("|")[0]
