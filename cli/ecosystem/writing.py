"""Apps as an ecosystem file (TOML) that leads to the same specs again. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cli.secrets import masked
from pm.changes import declared
from pm.codec import to_plain
from pm.errors import Failed
from pm.model import AppSpec, Mode, Target

from .keys import KEYS

_ALWAYS = frozenset({"name", "cwd"})
_OWN = frozenset({"script", "interpreter", "exec_mode", "env"})
"""Keys that are not simply the field of their name."""
_SECONDS = 1000
"""From here on a bare number is taken for PM2's milliseconds, with a warning."""
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")

Table = dict[str, Any]


def written(specs: Iterable[AppSpec], mask: bool) -> str:
    """Return the file's text; with `mask`, values that sound like a secret are hidden.

    Raises Failed for what TOML cannot hold.
    """
    return "\n".join(_app(table_of(spec, mask)) for spec in specs)


def table_of(spec: AppSpec, mask: bool = False) -> Table:
    """Return the keys of an app that are not as they are by default."""
    plain = AppSpec(spec.name, spec.script, spec.cwd)
    table: Table = {"name": spec.name, **_program(spec), "cwd": spec.cwd}
    for key in KEYS:
        if key in _ALWAYS or key in _OWN or not hasattr(spec, key):
            continue
        value = getattr(spec, key)
        if value != getattr(plain, key) or key == "umask":
            table[key] = _plain(key, value)
    env = declared(spec)
    if env:
        table["env"] = masked(env, True) if mask else env
    return {key: _escaped(value) for key, value in table.items()}


def _program(spec: AppSpec) -> Table:
    """Return what is run, so that nothing is looked for again."""
    if spec.target is Target.COMMAND:
        return {"script": spec.script, "interpreter": "none"}
    word = "module" if spec.target is Target.MODULE else "script"
    mode = {"exec_mode": spec.exec_mode.value} if spec.exec_mode is Mode.FORK else {}
    return {word: spec.script, "interpreter": spec.interpreter, **mode}


def _plain(key: str, value: object) -> Any:
    if key == "umask" and isinstance(value, int):
        return f"{value:04o}"
    if isinstance(value, float):
        number = int(value) if value == int(value) else value
        return f"{number}s" if value >= _SECONDS else number
    return to_plain(value)


def _escaped(value: Any) -> Any:
    """Double each dollar: in a file, `${NAME}` is a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value


def _app(table: Table) -> str:
    lines = ["[[apps]]"]
    lines += [f"{key} = {toml(value)}" for key, value in table.items() if key != "env"]
    if env := table.get("env"):
        lines += ["", "[apps.env]", *(f"{_key(name)} = {toml(env[name])}" for name in sorted(env))]
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """Return a value as TOML has it; raises Failed for what it cannot hold."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Failed(f"{value!r} is not text: no TOML file can hold it") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.match(name) else toml(name)
