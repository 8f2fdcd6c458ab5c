"""What a master writes of itself to `$PM_HOME/run/NAME.json`, read from outside.

Its first words are the daemon's: should that die before the master has written, the next daemon
would start a double.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator

from pm.home import file_name
from pm.record import dataclass

from .process import Alive

_FIRST = "json.first"
_SUFFIXES = ("json", "json.new", _FIRST, "sock", "notify")


@dataclass(frozen=True)
class RunFile:
    """A master and its workers, living or dead."""

    app: str
    nonce: str
    master: Alive
    workers: tuple[Alive, ...]
    path: str
    wardens: tuple[Alive, ...] = ()
    """Its templates: they stop its workers when it has died."""


def socket_name(app: str) -> str:
    """Return the file name of an app's control socket in `$PM_HOME/run`."""
    return f"{file_name(app)}.sock"


def read(home: str, app: str) -> RunFile | None:
    """Read an app's file; None if there is none that can be read."""
    found = _read(os.path.join(home, "run", f"{file_name(app)}.json"))
    return found if found and found.app == app else None


def read_all(home: str) -> Iterator[RunFile]:
    """Read every master's file."""
    folder = os.path.join(home, "run")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json") and (found := _read(os.path.join(folder, name))):
            yield found


def begin(home: str, app: str, nonce: str, master: Alive) -> None:
    """Say that a master has just been started, unless there is a file: it may be quicker."""
    stem = os.path.join(home, "run", file_name(app))
    first = f"{stem}.{_FIRST}"
    body = {"app": app, "nonce": nonce, "pid": master.pid, "start": master.start}
    with contextlib.suppress(OSError):  # a full disk
        fd = os.open(first, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            json.dump(body, file)
        os.link(first, f"{stem}.json")
    with contextlib.suppress(OSError):
        os.unlink(first)


def remove(home: str, app: str) -> None:
    """Remove what a master that has ended left in `$PM_HOME/run`."""
    for suffix in _SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(home, "run", f"{file_name(app)}.{suffix}"))


def sweep(home: str, apps: Iterable[str]) -> None:
    """Remove what stands in `$PM_HOME/run` and belongs to none of `apps`."""
    folder = os.path.join(home, "run")
    stems = {file_name(app) for app in apps}
    for name in os.listdir(folder):
        suffix = next((s for s in _SUFFIXES if name.endswith(f".{s}")), "")
        if suffix and name[: -len(suffix) - 1] not in stems:
            os.unlink(os.path.join(folder, name))


def _read(path: str) -> RunFile | None:
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        workers = tuple(map(_alive, data.get("workers", ())))
        wardens = tuple(map(_alive, data.get("wardens", ())))
        return RunFile(str(data["app"]), str(data["nonce"]), _alive(data), workers, path, wardens)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _alive(data: dict[str, object]) -> Alive:
    return Alive(int(str(data["pid"])), int(str(data["start"])))
