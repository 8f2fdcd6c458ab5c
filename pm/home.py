"""PM_HOME: the folder with everything of one user's daemon, and names safe to use in it."""

from __future__ import annotations

import os
import re
import stat

from .errors import Failed
from .model import AppSpec

_OWN_FILES = ("daemon.lock", "state.db")
"""By these a folder is known to be a PM_HOME."""


def default_home() -> str:
    """Return `$PM_HOME`, else `~/.pm`, as an absolute path; raises Failed if there is no `~`."""
    path = os.path.expanduser(os.environ.get("PM_HOME") or "~/.pm")
    if path.startswith("~"):
        raise Failed(f"cannot tell which folder {path} is", "set PM_HOME to a folder of yours")
    return os.path.abspath(path)


def open_home(path: str) -> int:
    """Make PM_HOME and its folders (0700) and return an O_PATH fd of it.

    Raises Failed if it is somebody else's, is open to others and holds what is not pm's, is no
    folder, or cannot be made.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _furnish(fd, path)
        except BaseException:
            os.close(fd)
            raise
    except OSError as error:
        reason = _reason(error)
        raise Failed(f"cannot use {path}: {reason}", "set PM_HOME to a folder of yours") from None
    return fd


def _reason(error: OSError) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "it is no folder"
    return error.strerror or str(error)


def _furnish(fd: int, path: str) -> None:
    """Look whose folder it is before anything is made in it."""
    info = os.fstat(fd)
    if info.st_uid != os.geteuid():
        raise Failed(f"{path} belongs to another user", "set PM_HOME to a folder of yours")
    if stat.S_IMODE(info.st_mode) != 0o700:
        _close_to_others(fd, path, stat.S_IMODE(info.st_mode))
    for folder in ("run", "logs"):
        os.makedirs(through(fd, folder), mode=0o700, exist_ok=True)


def _close_to_others(fd: int, path: str, mode: int) -> None:
    """Close a folder that is pm's, or an empty one that nobody else may write to: never /tmp."""
    if not any(_is_ours(through(fd, name)) for name in _OWN_FILES):
        empty = not os.listdir(through(fd))
        if mode & 0o022 or (mode & 0o077 and not empty):
            raise Failed(
                f"{path} is open to others",
                f"`chmod 700 {path}`, or set PM_HOME to a folder of pm's own",
            )
        if not empty:
            return
    os.chmod(through(fd), 0o700)


def _is_ours(path: str) -> bool:
    """True for a file that this user has made, not for one that others have put there."""
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()


def through(fd: int, *names: str) -> str:
    """Return a short path to a file below the folder open as `fd`.

    Works for any length of PM_HOME (unix sockets take 107 bytes), and the folder cannot be
    swapped underneath.
    """
    return os.path.join(f"/proc/self/fd/{fd}", *names)


def file_name(app: str) -> str:
    """Return a file name for an app: its name where that is plain, else made plain and unique."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", app).lstrip(".") or "app"
    if plain == app and len(plain) <= 60:
        return plain
    import hashlib  # slow to load, and names that need it are rare

    return f"{plain[:50]}-{hashlib.sha256(app.encode(errors='surrogatepass')).hexdigest()[:8]}"


def log_files(home: str, spec: AppSpec) -> tuple[str, str, str]:
    """Return the log files of an app: stdout, stderr, and both in one ("" unless asked for)."""
    stem = os.path.join(home, "logs", file_name(spec.name))
    out = spec.out_file or f"{stem}-out.log"
    return out, spec.error_file or f"{stem}-error.log", spec.log_file
