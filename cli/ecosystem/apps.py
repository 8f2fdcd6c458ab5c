"""The apps of an ecosystem file, as specs.

Everything that is wrong is said at once, each with its table and key. Relative paths are
relative to the file.
"""

from __future__ import annotations

import functools
import os
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cli.program import is_application
from cli.target import Caller, Wish, resolve, this_caller
from pm.codec import from_plain, suggest
from pm.errors import ConfigError, PmError
from pm.model import AppSpec, Mode, check
from pm.record import dataclass, replace

from . import dotenv
from .formats import STDIN, Dialect, load
from .keys import KEYS, LATER, MEANINGLESS, canonical, named_env
from .kinds import Place

_NOTHING = Wish("")
_OWN = frozenset({
    "script", "module", "args", "name", "name_prefix", "cwd", "interpreter", "interpreter_args",
    "instances", "exec_mode", "host", "port", "env", "env_file", "filter_env", "disable_logs",
})  # fmt: skip
"""Keys with a meaning of their own; every other one is the field of AppSpec of its name."""
_FIELDS = typing.get_type_hints(AppSpec)


@dataclass(frozen=True)
class Reading:
    """How a file is read."""

    caller: Caller
    dialect: Dialect
    environment: str = ""
    """NAME of the tables `env_NAME` that are laid over `env`."""
    typed: Wish = _NOTHING
    """Options of the command: they win."""


def read(
    path: str, caller: Caller, typed: Wish = _NOTHING, environment: str = ""
) -> tuple[AppSpec, ...]:
    """Return the file's apps, each with the typed options; raises ConfigError with all faults."""
    data, dialect = load(path)
    folder = caller.cwd if path == STDIN else os.path.dirname(os.path.join(caller.cwd, path))
    here = Reading(replace(caller, cwd=folder), dialect, environment, _absolute(typed, caller.cwd))
    faults: list[str] = []
    specs: list[AppSpec] = []
    tables = _tables(data, path)
    for number, table in enumerate(tables, 1):
        where = f"[[apps]] {number}" + (f" ({table['name']})" if "name" in table else "")
        specs += _app(table, here, functools.partial(_note, faults, where))
    names = [spec.name for spec in specs]
    faults += [f"name: two apps are named {n!r}" for n in sorted(set(names)) if names.count(n) > 1]
    if environment and not any(f"env_{environment}" in table for table in tables):
        known = sorted({n for table in tables for key in table if (n := named_env(key))})
        faults.append(f"--env {environment}: no app has env_{environment}; there is: {known}")
    if faults:
        count = f"{len(faults)} places" if len(faults) > 1 else "one place"
        raise ConfigError(f"{path} is wrong in {count}", "nothing was started", faults)
    return tuple(specs)


def _note(faults: list[str], where: str, fault: str) -> None:
    faults.append(f"{where}: {fault}")


def names(path: str) -> tuple[str, ...]:
    """Return the names of the file's apps, for `pm stop FILE` and its kin."""
    return tuple(spec.name for spec in read(path, this_caller()))


def _tables(data: dict[str, Any], path: str) -> list[dict[str, Any]]:
    for key in data:
        if key not in ("apps", "defaults", "deploy", "$schema"):
            hint = suggest(key, ("apps", "defaults", "deploy")) or "apps are tables named [[apps]]"
            raise ConfigError(f"{path}: unknown key `{key}`", hint)
    tables = data.get("apps")
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        raise ConfigError(f"{path}: there is no [[apps]] table")
    defaults = data.get("defaults", {})
    if not isinstance(defaults, dict):
        raise ConfigError(f"{path}: defaults: not a table")
    return [_with_defaults(table, defaults) for table in tables]


def _with_defaults(table: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Lay an app's table over [defaults]; tables of variables are laid over one another."""
    both = {canonical(key): value for key, value in defaults.items()}
    for key, value in table.items():
        name = canonical(key)
        below = both.get(name)
        if (name == "env" or named_env(name)) and isinstance(value, dict):
            value = {**(below if isinstance(below, dict) else {}), **value}
        both[name] = value
    return both


def _app(
    table: dict[str, Any], reading: Reading, fault: Callable[[str], None]
) -> Iterable[AppSpec]:
    """Return the table's spec, or nothing if faults were told."""
    place = Place(reading.caller.cwd, reading.dialect, reading.caller.env)
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            if key in MEANINGLESS:
                _warn(table, key)
            else:
                values[key] = _value(key, value, place)
        except PmError as error:
            fault(_sentence(key, error))
    if ("script" in table) == ("module" in table):
        fault("give one of `script` and `module`")
        return ()
    wrong = table.keys() - values.keys() - MEANINGLESS.keys()
    if wrong & {"script", "module", "cwd"}:
        return ()  # what they stand for cannot be looked for
    try:  # also after a fault: the script that is missing is told with it
        env = _env(values, reading)
        if _port_is_variable(values, reading):
            del values["port"]
        wish = _overlaid(_wish(values, env), reading.typed)
        spec = resolve(wish, _filtered(reading.caller, values.get("filter_env", ())))
    except PmError as error:
        fault(_sentence("", error))
        return ()
    return () if wrong else (spec,)


def _warn(table: Mapping[str, object], key: str) -> None:
    app = table.get("name", table.get("script", ""))
    print(f"warning: {app}: {key} changes nothing: {MEANINGLESS[key]}", file=sys.stderr)


def _sentence(key: str, error: PmError) -> str:
    """Return the fault with its key in front, if it is not there already."""
    said = error.message + (f"; {error.hint}" if error.hint else "")
    return said if not key or said.startswith((key, "unknown key")) else f"{key}: {said}"


def _value(key: str, value: object, place: Place) -> object:
    if named_env(key):
        return KEYS["env"].kind.read(value, place)
    if key in LATER:
        raise ConfigError(f"{key}: not built yet", "leave it out")
    if key not in KEYS:
        raise ConfigError(f"unknown key `{key}`", suggest(key, KEYS))
    if key == "filter_env" and isinstance(value, bool):
        return ("",) if value else ()
    read = KEYS[key].kind.read(value, place)
    if key not in ("name_prefix", "instances"):
        check(key, read)
    return read


def _env(values: dict[str, Any], reading: Reading) -> dict[str, str]:
    """Return the app's own variables: port, files, `env`, then `env_NAME`; each lies on top."""
    env = {"PORT": str(values["port"])} if _port_is_variable(values, reading) else {}
    for name in values.get("env_file", ()):
        env.update(dotenv.read(os.path.join(reading.caller.cwd, os.path.expanduser(name))))
    env.update(values.get("env", {}))
    env.update(values.get(f"env_{reading.environment}", {}))
    return env


def _port_is_variable(values: dict[str, Any], reading: Reading) -> bool:
    """Return True where `port` is PM2's: a variable, for an app that is no `module:app`."""
    pm2 = reading.dialect.port_is_variable and "port" in values
    return pm2 and not is_application(values.get("script", ""))


def _filtered(caller: Caller, prefixes: tuple[str, ...]) -> Caller:
    """Return the caller without the variables that begin so; PATH stays, to find programs."""
    if not prefixes:
        return caller
    kept = {k: v for k, v in caller.env.items() if k == "PATH" or not k.startswith(prefixes)}
    return replace(caller, env=kept)


def _wish(values: dict[str, Any], env: dict[str, str]) -> Wish:
    prefix = f"{values['name_prefix']}:" if "name_prefix" in values else ""
    fields = {k: v for k, v in values.items() if k not in _OWN and not named_env(k)}
    options = {key: from_plain(_FIELDS[key], value, key) for key, value in fields.items()}
    if values.get("disable_logs"):
        options |= {"out_file": "/dev/null", "error_file": "/dev/null"}
    return Wish(
        word=values.get("module") or values["script"],
        module="module" in values,
        args=values.get("args", ()),
        name=prefix + values["name"] if "name" in values else "",
        cwd=values.get("cwd", ""),
        interpreter=values.get("interpreter", ""),
        interpreter_args=values.get("interpreter_args", ()),
        fork=values.get("exec_mode") == Mode.FORK.value,
        instances=values.get("instances", ""),
        env=env,
        options=options,
        host=values.get("host", ""),
        port=values.get("port"),
    )


def _absolute(typed: Wish, folder: str) -> Wish:
    """Make paths relative to the caller's folder, not to the file's."""
    program = os.path.expanduser(typed.interpreter)
    return replace(
        typed,
        cwd=os.path.join(folder, os.path.expanduser(typed.cwd)) if typed.cwd else "",
        interpreter=os.path.join(folder, program) if "/" in program else program,
    )


def _overlaid(table: Wish, typed: Wish) -> Wish:
    """Let what was typed win over the table; arguments are added at its end."""
    return replace(
        table,
        args=(*table.args, *typed.args),
        cwd=typed.cwd or table.cwd,
        interpreter=typed.interpreter or table.interpreter,
        interpreter_args=typed.interpreter_args or table.interpreter_args,
        fork=typed.fork or table.fork,
        instances=typed.instances or table.instances,
        host=typed.host or table.host,
        port=table.port if typed.port is None else typed.port,
        env={**table.env, **typed.env},
        options={**table.options, **typed.options},
    )
