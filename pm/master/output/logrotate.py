"""Rotated log files: NAME.1 is the latest, NAME.1.gz once compressed. One owner renames them.

The log and its index move together. The helper that compresses is given a second name,
NAME.packing, because the first may change while it works; what it has made gets its name here,
beside the piece it was made from, wherever that has moved to.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from . import logpack
from .logloop import Loop

_FORMS = ("", ".gz")


def shift(bases: Sequence[str], keep: int) -> None:
    """Make room for BASE.1: older pieces move up by one, the oldest is deleted.

    Raises OSError if the folder does not allow it.
    """
    full = [number for number in range(1, keep + 1) if _there(bases[0], number)]
    free = next((number for number in range(1, keep + 1) if number not in full), keep)
    for base in bases:
        for name in _names(base, free):
            with suppress(FileNotFoundError):
                os.unlink(name)
        for number in range(free - 1, 0, -1):
            for old, new in zip(_names(base, number), _names(base, number + 1), strict=True):
                with suppress(FileNotFoundError):
                    os.rename(old, new)


def _names(base: str, number: int) -> list[str]:
    return [f"{base}.{number}{form}" for form in _FORMS]


def _there(base: str, number: int) -> bool:
    return any(map(os.path.exists, _names(base, number)))


def _identity(name: str) -> tuple[int, int]:
    info = os.stat(name)
    return info.st_ino, info.st_mtime_ns


class Packer:
    """Compresses the pieces of one log, one at a time, in a helper process."""

    def __init__(self, bases: Sequence[str], keep: int, loop: Loop) -> None:
        self._bases, self._keep, self._loop = bases, keep, loop
        self._pidfd = self._done = -1
        self._piece = (0, 0)  # inode and time of what is being compressed

    def start(self) -> None:
        """Begin with the latest plain piece, if there is one and no helper is at work."""
        if self._done >= 0:
            return
        for number in range(1, self._keep + 1):
            with suppress(OSError):  # without hard links, say, pieces stay plain
                self._piece = _identity(f"{self._bases[0]}.{number}")
                return self._spawn(number)

    def stop(self) -> None:
        """End the helper; what it was at stays as it is, for the next master."""
        if self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        if self._done >= 0:
            self._reap()
        self._clean()

    def _spawn(self, number: int) -> None:
        self._clean()
        names: list[str] = []
        for base in self._bases:
            with suppress(FileNotFoundError):
                os.link(f"{base}.{number}", f"{base}.packing")
                names += [f"{base}.packing", f"{base}.packing.gz"]
        self._done, theirs = os.pipe()
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", logpack.__file__, *names],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 1)],
                setpgroup=0,
                setsigmask=(),
            )
            with suppress(ProcessLookupError):  # the master has reaped it: it has said all
                self._pidfd = os.pidfd_open(pid)
        except OSError:
            os.close(self._done)
            self._done = -1
            raise
        finally:
            os.close(theirs)
        self._loop.watch(self._done, self._finish)

    def _finish(self, _mask: int) -> None:
        ok = os.read(self._done, 8) == b"ok\n"
        self._reap()
        number = self._where() if ok else 0
        if number:
            for base in self._bases:
                with suppress(FileNotFoundError):
                    os.rename(f"{base}.packing.gz", f"{base}.{number}.gz")
                    os.unlink(f"{base}.{number}")
        self._clean()
        if ok:
            self.start()

    def _where(self) -> int:
        """Return the number that the compressed piece has now; 0 if it has been deleted."""
        for number in range(1, self._keep + 1):
            with suppress(OSError):
                if _identity(f"{self._bases[0]}.{number}") == self._piece:
                    return number
        return 0

    def _reap(self) -> None:
        if self._pidfd >= 0:
            with suppress(ChildProcessError):  # the master may have reaped it with its workers
                os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
            os.close(self._pidfd)
        self._loop.forget(self._done)
        os.close(self._done)
        self._pidfd = self._done = -1

    def _clean(self) -> None:
        for base in self._bases:
            for name in (f"{base}.packing", f"{base}.packing.gz"):
                with suppress(FileNotFoundError):
                    os.unlink(name)
