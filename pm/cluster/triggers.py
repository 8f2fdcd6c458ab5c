"""What makes a program reload its workers besides `cluster.reload()`: a signal, a removed file."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..master.loop import Loop

_IN_MOVED_FROM, _IN_DELETE = 0x40, 0x200
_EVENT = struct.Struct("iIII")


class SignalTrigger:
    """SIGUSR2."""

    def __init__(self, loop: Loop, action: Callable[[], None]) -> None:
        """Take the signal; raises ValueError outside of the main thread."""
        self._fd = fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

        def act(_: int) -> None:
            os.eventfd_read(fd)
            action()

        loop.watch(fd, select.EPOLLIN, act)
        # by an fd: the loop may sleep in another one's turn, and has not asked for signals
        signal.signal(signal.SIGUSR2, lambda *_: os.eventfd_write(fd, 1))

    def let_go(self) -> None:
        """Give the signal back, in a forked child."""
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)
        os.close(self._fd)


class RemovalTrigger:
    """The removal of a pid file, which is written again; for where signals are out of reach."""

    def __init__(self, loop: Loop, path: str, action: Callable[[], None]) -> None:
        """Write the file and watch its folder (inotify(7)). Raises OSError."""
        self._path = os.path.abspath(path)
        self._name = os.fsencode(os.path.basename(path))
        self._action = action
        self._pid = os.getpid()
        self.write()
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        folder = os.fsencode(os.path.dirname(self._path))
        if libc.inotify_add_watch(self._fd, folder, _IN_DELETE | _IN_MOVED_FROM) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), self._path)
        loop.watch(self._fd, select.EPOLLIN, self._on_events)

    def write(self) -> None:
        """Write this process's pid into the file."""
        temporary = f"{self._path}.{self._pid}"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(f"{self._pid}\n")
        os.rename(temporary, self._path)

    def _on_events(self, _: int) -> None:
        raw, at, removed = os.read(self._fd, 1 << 14), 0, False
        while at < len(raw):
            length = _EVENT.unpack_from(raw, at)[3]
            at += _EVENT.size
            removed = removed or raw[at : at + length].rstrip(b"\0") == self._name
            at += length
        if removed and not os.path.exists(self._path):
            with suppress(OSError):  # its folder has gone too
                self.write()
            self._action()

    def leave(self) -> None:
        """Remove the file: the program ends."""
        with suppress(OSError):
            os.unlink(self._path)

    def let_go(self) -> None:
        """Watch no longer, in a forked child."""
        os.close(self._fd)


class Triggers:
    """Those that the settings ask for."""

    def __init__(self, loop: Loop, action: Callable[[], Any]) -> None:
        self._loop = loop
        self._action = action
        self._signal: SignalTrigger | None = None
        self._removal: dict[str, RemovalTrigger] = {}

    def set(self, settings: dict[str, Any]) -> None:
        """Put in place what is asked for now, and was not yet."""
        if settings["reload_on_signal"] and self._signal is None:
            self._signal = SignalTrigger(self._loop, self._action)
        path = settings["reload_on_removal"]
        if path is not None and path not in self._removal:
            self._removal[path] = RemovalTrigger(self._loop, path, self._action)

    def leave(self) -> None:
        """Remove the files that were written."""
        for trigger in self._removal.values():
            trigger.leave()

    def let_go(self) -> None:
        """Close what a forked child has inherited."""
        if self._signal is not None:
            self._signal.let_go()
        for trigger in self._removal.values():
            trigger.let_go()
