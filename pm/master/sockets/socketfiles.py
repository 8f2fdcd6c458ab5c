"""The files of an app's unix listeners: which are theirs, and their removal."""

from __future__ import annotations

import os
import socket

from ...worker.sockets.socketfile import Mark, mark_of, path_of, remove


class SocketFiles:
    """The marks of the files, by the listeners' keys; other keys have none."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark | None] = {}
        self._makers: dict[str, int] = {}
        """The uids of those that made the sockets."""

    def note(self, key: str, sock: socket.socket) -> None:
        """Take note of the file that is there now as the listener's own."""
        path = path_of(key)
        if path:
            self._marks[key] = mark_of(path)
            self._makers[key] = os.fstat(sock.fileno()).st_uid

    def is_there(self, key: str) -> bool:
        """True if the listener's file is still in its place; an abstract name always is."""
        path = path_of(key)
        return not path or self._marks.get(key) == mark_of(path) is not None

    def forget(self, key: str) -> None:
        """Leave the file alone from now on."""
        self._marks.pop(key, None)
        self._makers.pop(key, None)

    def release(self, key: str, listened: bool) -> None:
        """Remove a closed listener's file; of one that never listened it may be a client's."""
        mark, maker = self._marks.get(key), self._makers.get(key, -1)
        self.forget(key)
        if mark is not None and listened:
            remove(path_of(key), maker, mark)
