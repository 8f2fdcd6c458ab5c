"""A file of apps as it is written: its tables, and where each stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pm.codec import suggest
from pm.errors import ConfigError, UsageError
from pm.record import dataclass

from .formats import STDIN, Dialect, load

_TABLES = ("apps", "defaults", "deploy", "$schema")


@dataclass(frozen=True)
class Choice:
    """What of a file is asked for."""

    only: tuple[str, ...] = ()
    """Names of apps; none means all."""
    environment: str = ""
    """NAME of the tables `env_NAME` that are laid over `env`."""


ALL = Choice()


@dataclass(frozen=True)
class File:
    """A file's tables. Their keys and values are not looked at yet."""

    path: str
    """As it was named; `-` is standard input."""
    folder: str
    """Where relative paths begin: the file's folder, or the caller's for standard input."""
    dialect: Dialect
    apps: tuple[dict[str, Any], ...]
    defaults: dict[str, Any]
    deploy: dict[str, Any]
    """`[deploy.NAME]` tables."""
    faults: tuple[str, ...] = ()
    """What is wrong outside the tables of the apps."""

    @property
    def source(self) -> str:
        """Its absolute path, links unresolved; empty for standard input."""
        if self.path == STDIN:
            return ""
        return os.path.normpath(os.path.join(self.folder, os.path.basename(self.path)))

    def numbered(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each app's place in the file, for messages, and its table."""
        for number, table in enumerate(self.apps, 1):
            name = f" ({table['name']})" if "name" in table else ""
            yield f"{self.dialect.app} {number}{name}", table


def open_file(path: str, cwd: str) -> File:
    """Read a file, or standard input; raises ConfigError."""
    data, dialect = load(path)
    unknown = [_unknown(key, dialect) for key in data if key not in _TABLES]
    tables = data.get("apps")
    if not isinstance(tables, list) or not tables:
        raise ConfigError(f"{path}: there is no {dialect.apps}", "", unknown)
    if not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{path}: {dialect.apps}: an app is a table of keys and values")
    folder = cwd if path == STDIN else os.path.dirname(os.path.join(cwd, path))
    others = {key: data.get(key, {}) for key in ("defaults", "deploy")}
    right = {key: found if isinstance(found, dict) else {} for key, found in others.items()}
    wrong = [
        f"{key}: {others[key]!r} is not a table" for key in others if right[key] != others[key]
    ]
    faults = (*unknown, *wrong)
    return File(
        path, folder, dialect, tuple(tables), right["defaults"], right["deploy"], faults
    )  # fmt: skip


def _unknown(key: str, dialect: Dialect) -> str:
    if dialect.pm2 and key == "static":
        return "`static`: pm serves no files by itself; `python3 -m http.server` as an app does"
    shape = "apps stand in a list `apps`" if dialect.pm2 else "apps are tables named [[apps]]"
    return f"unknown key `{key}`; {suggest(key, _TABLES) or shape}"


def check_chosen(only: tuple[str, ...], names: list[str]) -> None:
    """Raise UsageError for a chosen name that no app of the file has."""
    for name in only:
        if name not in names:
            hint = suggest(name, names) or f"its apps: {', '.join(names)}"
            raise UsageError(f"--only: the file has no app `{name}`", hint)
