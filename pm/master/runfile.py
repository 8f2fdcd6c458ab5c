"""`$PM_HOME/run/NAME.json`: who this master and its workers are, for the next daemon."""

from __future__ import annotations

import json
import os

from . import process


class RunFile:
    """Rewritten at each change, by rename."""

    def __init__(self, path: str, app: str, nonce: str) -> None:
        self._path = path
        self._head = {"app": app, "nonce": nonce, **_alive(os.getpid())}
        self._written: tuple[list[int], list[int]] | None = None

    def write(self, workers: list[int], wardens: list[int]) -> None:
        """Say which workers and templates live; a disk that is full leaves the old file."""
        if (workers, wardens) == self._written:
            return
        living = {"workers": [*map(_alive, workers)], "wardens": [*map(_alive, wardens)]}
        body = {**self._head, **living}
        new = f"{self._path}.new"
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(fd, "w", encoding="utf-8") as file:
                json.dump(body, file)
            os.rename(new, self._path)
        except OSError:
            return
        self._written = (workers, wardens)


def _alive(pid: int) -> dict[str, int]:
    return {"pid": pid, "start": process.start_time(pid)}
