"""`ecosystem.toml` to AppSpecs: `[[apps]]` tables with the options of `pm start`.

Everything that is wrong is said at once, each with its table and key. Relative paths are
relative to the file.
"""

from __future__ import annotations

import functools
import os
import sys
import typing
from collections.abc import Callable, Iterable
from typing import Any

from pm.codec import from_plain, suggest
from pm.errors import ConfigError, PmError
from pm.model import AppSpec, Mode, check
from pm.record import fields_of, replace

from .target import Caller, Wish, folder_of, resolve
from .values import doubt, log_path, seconds, signal_of, size_of, words

_LATER = (".json", ".yaml", ".yml", ".config.js", ".config.cjs", ".config.mjs")
_PATHS = ("out_file", "error_file", "log_file")
_WORDS = ("args", "interpreter_args", "preload")
_INTERNAL = ("target", "umask", "env_set")
_KINDS = {**typing.get_type_hints(AppSpec), "port": int}
_NOTHING = Wish("")
_KEYS = ({*(fields_of(AppSpec) or ()), "module", "host", "port"}) - set(_INTERNAL)


def is_ecosystem(word: str) -> bool:
    """Return True if the word names a file that describes apps, of whatever format."""
    return word.endswith((".toml", *_LATER)) and os.path.isfile(word)


def read(path: str, caller: Caller, typed: Wish = _NOTHING) -> tuple[AppSpec, ...]:
    """Return the file's apps, each with the typed options; raises ConfigError with all faults."""
    typed = _absolute(typed, caller.cwd)
    tables = _tables(path)
    here = replace(caller, cwd=os.path.dirname(os.path.join(caller.cwd, path)))
    faults: list[str] = []
    specs: list[AppSpec] = []
    for number, table in enumerate(tables, 1):
        where = f"[[apps]] {number}" + (f" ({table['name']})" if "name" in table else "")
        specs += _app(table, typed, here, functools.partial(_note, faults, where))
    names = [spec.name for spec in specs]
    faults += [f"name: two apps are named {n!r}" for n in sorted(set(names)) if names.count(n) > 1]
    if faults:
        count = f"{len(faults)} places" if len(faults) > 1 else "one place"
        raise ConfigError(f"{path} is wrong in {count}", "nothing was started", faults)
    return tuple(specs)


def _note(faults: list[str], where: str, fault: str) -> None:
    faults.append(f"{where}: {fault}")


def names(path: str) -> tuple[str, ...]:
    """Return the names of the file's apps, for `pm stop FILE` and its kin."""
    from .target import this_caller

    return tuple(spec.name for spec in read(path, this_caller()))


def _tables(path: str) -> list[dict[str, Any]]:
    if not path.endswith(".toml"):
        raise ConfigError(
            f"{path}: only TOML files are read yet", "write it as ecosystem.toml, with [[apps]]"
        )
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    for key in data:
        if key != "apps":
            raise ConfigError(f"{path}: unknown key `{key}`", "apps are tables named [[apps]]")
    tables = data.get("apps")
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        raise ConfigError(f"{path}: there is no [[apps]] table")
    return tables


def _app(
    table: dict[str, Any], typed: Wish, caller: Caller, fault: Callable[[str], None]
) -> Iterable[AppSpec]:
    """Return the table's spec, or nothing if faults were told."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            values[key] = _value(key, value, caller.cwd)
        except PmError as error:
            fault(_sentence(error))
    if ("script" in table) == ("module" in table):
        fault("give one of `script` and `module`")
        return ()
    wrong = table.keys() - values.keys()
    if wrong & {"script", "module", "cwd"}:
        return ()  # what they stand for cannot be looked for
    try:  # also after a fault: the script that is missing is told with it
        spec = resolve(_overlaid(_wish(values), typed), caller)
    except PmError as error:
        fault(_sentence(error))
        return ()
    return () if wrong else (spec,)


def _sentence(error: PmError) -> str:
    return error.message + (f"; {error.hint}" if error.hint else "")


def _value(key: str, value: object, folder: str) -> object:
    if key not in _KEYS:
        raise ConfigError(f"unknown key `{key}`", suggest(key, _KEYS))
    if key == "instances":
        if value == "max" or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
        raise ConfigError(f"instances: {value!r} is neither a whole number nor 'max'")
    if key == "env":
        return _env(value)
    if key == "stop_signal":
        value = signal_of(str(value))
    if key == "exec_mode" and isinstance(value, str):
        value = value.removesuffix("_mode")
    if isinstance(value, str):
        value = _from_text(key, value, folder)
    elif _KINDS.get(key) is float and isinstance(value, (int, float)):
        doubt(value)
    read = from_plain(_KINDS.get(key, str), value, key)
    check(key, read)
    if key == "cwd":
        folder_of(str(read), folder)
    return read


def _from_text(key: str, value: str, folder: str) -> object:
    """Read durations, sizes, lists of words and paths from text."""
    try:
        if key in _WORDS:
            return words(value)
        if _KINDS.get(key) is float:
            return seconds(value)
        if key == "log_max_size":
            return size_of(value)
    except (ValueError, PmError) as error:
        raise ConfigError(f"{key}: {error}") from None
    return log_path(value, folder) if key in _PATHS else value


def _env(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ConfigError(f"env: {value!r} is not a table")
    env = {}
    for name, item in value.items():
        if not isinstance(item, (str, int, float)):
            raise ConfigError(f"env.{name}: {item!r} is not text")
        env[name] = str(item).lower() if isinstance(item, bool) else str(item)
    return env


def _wish(values: dict[str, Any]) -> Wish:
    module = values.pop("module", "")
    return Wish(
        word=module or values.pop("script"),
        module=bool(module),
        fork=values.pop("exec_mode", Mode.CLUSTER) is Mode.FORK,
        **{
            key: values.pop(key)
            for key in (
                "args", "name", "cwd", "interpreter", "interpreter_args", "instances", "env",
                "host", "port",
            )
            if key in values
        },
        options=values,
    )  # fmt: skip


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
