"""`$PM_HOME/dump.json`: the list of apps as a user saved it. 0600, replaced by rename."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable

from pm.codec import dumps, loads
from pm.errors import ConfigError, Failed
from pm.model import AppSpec
from pm.record import dataclass

from .record import Record, want

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """One app; `wanted` are its slots wanted online."""

    spec: AppSpec
    wanted: tuple[int, ...]

    def revive(self, record: Record) -> Record:
        """Want of a new record what was wanted when it was saved."""
        return want(want(record, record.numbers, False), self.wanted, True)


@dataclass(frozen=True)
class Dump:
    """The file."""

    version: int
    apps: tuple[Saved, ...]
    asked: bool = True
    """False if nobody asked for it: `pm kill` wrote it."""


def path_of(home: str) -> str:
    """Return where the list is saved."""
    return os.path.join(home, "dump.json")


def write(home: str, records: Iterable[Record], asked: bool = True) -> int:
    """Write the list, the one before to `.bak`; returns the number of apps. Raises Failed."""
    apps = tuple(Saved(record.spec, record.wanted) for record in records)
    path = path_of(home)
    fresh = f"{path}.new"
    try:
        with open(fresh, "wb", opener=_private) as file:
            file.write(dumps(Dump(1, apps, asked)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, f"{path}.bak")
        os.replace(fresh, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise Failed(
            f"cannot write {path}: {error.strerror}", "see that the disk has space"
        ) from None
    return len(apps)


def read(home: str) -> tuple[Saved, ...]:
    """Read the saved list, or the one before if a crash has left that only; raises Failed."""
    path = path_of(home)
    for candidate in (path, f"{path}.bak"):
        with contextlib.suppress(FileNotFoundError), open(candidate, "rb") as file:
            try:
                return loads(Dump, file.read(), candidate).apps
            except ConfigError as error:
                raise Failed(
                    error.message, f"put the list saved before in its place: {path}.bak"
                ) from None
    raise Failed(f"nothing was saved: there is no {path}", "`pm save` saves the list of apps")


def write_unasked(home: str, records: Iterable[Record]) -> str:
    """Write the list unless a user saved one; returns a remark if that fails."""
    if _asked_for(path_of(home)):
        return ""
    try:
        write(home, records, asked=False)
    except Failed as error:
        _log.warning("the list is not saved: %s", error.message)
        return f"; {error.message}, so `pm resurrect` will not find it"
    return ""


def _asked_for(path: str) -> bool:
    """True if a user saved what is there; what cannot be read may be his too."""
    try:
        with open(path, "rb") as file:
            return loads(Dump, file.read(), path).asked
    except FileNotFoundError:
        return False
    except (OSError, ConfigError):
        return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
