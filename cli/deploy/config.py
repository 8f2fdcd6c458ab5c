"""`[deploy.NAME]` of an ecosystem file to a Deployment; all faults are said at once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from cli.ecosystem.file import File, open_file
from cli.ecosystem.formats import STDIN
from cli.ecosystem.place import Place
from cli.ecosystem.reading import sentence
from pm.codec import suggest
from pm.errors import ConfigError, PmError, UsageError

from .keys import ALIASES, KEYS, MEANINGLESS, REQUIRED
from .model import Access, Deployment, Hooks

_RESTARTS = re.compile(r"\b(?:pm2?|pm2-runtime)\s+(?:\w+Or\w+|reload|restart|start|apply)\b")


def read(path: str, name: str, cwd: str, variables: Mapping[str, str]) -> Deployment:
    """Return the deployment of that name.

    Raises UsageError if there is none, ConfigError with all that is wrong with it.
    """
    if path == STDIN:
        raise UsageError("pm deploy reads no file from standard input: the hosts need it too")
    file = open_file(path, cwd)
    table = _table(file.deploy, name, path)
    place = Place(file.folder, file.dialect, variables)
    values: dict[str, Any] = {}
    faults = list(_read_keys(table, place, values))
    faults += [f"`{key}` is missing" for key in REQUIRED if key not in _named(table)]
    lines = [*file.faults, *(f"[deploy.{name}]: {fault}" for fault in faults)]
    if lines:
        count = f"{len(lines)} places" if len(lines) > 1 else "one place"
        raise ConfigError(f"{path} is wrong in {count}", "nothing was done", lines)
    _warn(name, table, values)
    return _deployment(name, values, _on_hosts(path, cwd), _environment(file, name))


def _table(tables: Mapping[str, object], name: str, path: str) -> dict[str, object]:
    if not tables:
        raise UsageError(f"{path} has no table [deploy.{name}]", "docs/deploy.md shows one")
    if name not in tables:
        known = ", ".join(f"`{key}`" for key in tables)
        raise UsageError(
            f"{path} has no table [deploy.{name}]", suggest(name, tables) or f"there is {known}"
        )
    table = tables[name]
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: deploy.{name}: not a table")
    return {str(key): value for key, value in table.items()}


def _named(table: Mapping[str, object]) -> dict[str, object]:
    """Return the table with aliases replaced by names."""
    return {ALIASES.get(key, key): value for key, value in table.items()}


def _read_keys(table: Mapping[str, object], place: Place, values: dict[str, Any]) -> Iterator[str]:
    """Read all keys into `values`; yield what is wrong."""
    for key, value in _named(table).items():
        if key in MEANINGLESS:
            continue
        if key not in KEYS:
            yield sentence(ConfigError(f"unknown key `{key}`", suggest(key, KEYS)))
            continue
        try:
            values[key] = KEYS[key].kind.read(value, place)
        except PmError as error:
            yield sentence(error, key)


def _warn(name: str, table: Mapping[str, object], values: Mapping[str, Any]) -> None:
    notes = [f"`{key}` changes nothing: {MEANINGLESS[key]}" for key in table if key in MEANINGLESS]
    if _RESTARTS.search(values.get("post-deploy", "")):
        notes.append(
            "post-deploy starts apps, which pm has done by then; "
            "what has to come first, such as an installation, belongs to `pre-deploy`"
        )
    for note in notes:
        print(f"note: [deploy.{name}]: {note}", file=sys.stderr)


def _deployment(name: str, values: dict[str, Any], file: str, environment: str) -> Deployment:
    hooks = {
        key.replace("-", "_"): v for key, v in values.items() if KEYS[key].kind.name == "command"
    }
    access = Access(
        values.get("user", ""),
        values.get("port"),
        values.get("key", ""),
        values.get("ssh_options", ()),
        values.get("forward-agent", False),
    )
    same = ("repo", "path", "ref", "env", "shared", "keep", "parallel")
    return Deployment(
        name=name,
        hosts=values["host"],
        access=access,
        hooks=Hooks(**hooks),
        file=file,
        environment=environment,
        **{key: values[key] for key in same if key in values},
    )


def _on_hosts(path: str, cwd: str) -> str:
    """Return the file's place in a release: from the top of its repository, or of `cwd`."""
    full = os.path.normpath(os.path.join(cwd, path))
    top = folder = os.path.dirname(full)
    while not os.path.exists(os.path.join(top, ".git")):
        if top == os.path.dirname(top):
            below = full.startswith(cwd.rstrip("/") + "/")
            top = cwd if below else folder
            break
        top = os.path.dirname(top)
    return os.path.relpath(full, top)


def _environment(file: File, name: str) -> str:
    """Return the name if an app of the file has variables `env_NAME`."""
    return name if any(f"env_{name}" in table for table in (*file.apps, file.defaults)) else ""
