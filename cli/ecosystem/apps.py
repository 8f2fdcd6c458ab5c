"""The apps of an ecosystem file, as specs.

Everything that is wrong is said at once, each with its table and key. Relative paths are
relative to the file.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Collection, Iterator

from cli.program import is_application
from cli.target import Caller, Wish, resolve, this_caller
from cli.values import STAMP
from pm.codec import from_plain
from pm.dependency import Dependency
from pm.errors import ConfigError, PmError
from pm.home import default_home, file_name
from pm.identity import look_up
from pm.model import AppSpec, Mode
from pm.record import dataclass, replace

from . import nochannel, nocluster
from .environment import check_environment, own_variables, port_is_variable
from .file import ALL, Choice, File, check_chosen, open_file
from .formats import STDIN
from .keys import canonical, named_env
from .order import Listed, Order
from .place import Place
from .reading import Remarks, Values, merged, read_table, sentence

_NOTHING = Wish("")
_OWN = frozenset({
    "script", "module", "args", "name", "name_prefix", "append_env_to_name", "cwd",
    "interpreter", "interpreter_args", "instances", "exec_mode", "host", "port", "env", "env_file",
    "filter_env", "disable_logs", "log_file", "watch_options",
    "log_rotate", "time",
})  # fmt: skip
"""Keys with a meaning of their own; every other one is the field of AppSpec of its name."""
_NAMING = ("name", "name_prefix", "append_env_to_name")
_FIELDS = typing.get_type_hints(AppSpec)


@dataclass(frozen=True)
class Reading:
    """What a file is read with."""

    file: File
    caller: Caller
    """In the file's folder."""
    choice: Choice
    typed: Wish
    """Options of the command: they win."""
    remarks: Remarks
    defaults: Values

    @property
    def place(self) -> Place:
        """Return what a value may depend on."""
        return Place(self.file.folder, self.file.dialect, self.caller.env)


def read(
    path: str,
    caller: Caller,
    choice: Choice = ALL,
    typed: Wish = _NOTHING,
    listed: Listed | None = None,
) -> tuple[AppSpec, ...]:
    """Return the chosen apps of a file, each with the typed options.

    What they depend on may be in the list; without `listed` that is left to the daemon. Raises
    ConfigError with all faults, UsageError for a chosen name that is not there.
    """
    file = open_file(path, caller.cwd)
    reading = _reading(file, caller, choice, _absolute(typed, caller.cwd))
    remarks = reading.remarks
    remarks.faults[:0] = file.faults
    order = Order()
    names: list[str] = []
    specs = tuple(_chosen(reading, names, order))
    twice = sorted({name for name in names if names.count(name) > 1})
    remarks.faults += [f"name: two apps are named {name!r}" for name in twice]
    remarks.faults += order.faults(listed)
    check_environment(file, choice.environment, remarks)
    remarks.tell()
    check_chosen(choice.only, names)
    return specs


def _chosen(reading: Reading, names: list[str], order: Order) -> Iterator[AppSpec]:
    """Yield the chosen apps that have no fault; note the names of all, and their order."""
    only, faults = reading.choice.only, reading.remarks.faults
    for where, table in reading.file.numbered():
        name, told = _given_name(table, reading), len(faults)
        skipped = bool(only and name and name not in only)
        spec = None if skipped else _app(where, table, reading)
        name = spec.name if spec else name
        names += filter(None, [name])
        if only and name and name not in only:
            order.others.add(name)
        elif spec and len(faults) == told:
            order.add(where, spec)
            yield spec
        else:
            order.outline(where, name, spec.depends_on if spec else _needs(table, reading))


def names(path: str, choice: Choice = ALL) -> tuple[str, ...]:
    """Return the names of a file's apps, for `pm stop FILE` and its kin.

    An app that has a name need not be right otherwise. Raises as `read` does.
    """
    reading = _reading(open_file(path, this_caller().cwd), this_caller(), choice, _NOTHING)
    found: list[str] = []
    for where, table in reading.file.numbered():
        name = _given_name(table, reading)
        spec = None if name else _app(where, table, reading)
        found += [spec.name] if spec else [name]
    if reading.remarks.faults:
        reading.remarks.tell()
    check_chosen(choice.only, found)
    return tuple(name for name in found if not choice.only or name in choice.only)


def _reading(file: File, caller: Caller, choice: Choice, typed: Wish) -> Reading:
    remarks = Remarks("standard input" if file.path == STDIN else file.path)
    here = replace(caller, cwd=file.folder)
    reading = Reading(file, here, choice, typed, remarks, {})
    defaults, _ = read_table(file.defaults, "[defaults]", reading.place, remarks)
    if "name" in defaults:
        remarks.at("[defaults]")("name: each app has its own; `name_prefix` is for all")
    return replace(reading, defaults=defaults)


def _given_name(table: dict[str, object], reading: Reading) -> str:
    """Return an app's name if it stands in the file, else an empty string."""
    values = _only(table, _NAMING, reading)
    return _full_name(values["name"], values, reading.choice) if "name" in values else ""


def _needs(table: dict[str, object], reading: Reading) -> tuple[Dependency, ...]:
    """Return what an app depends on that cannot be read in full."""
    values = _only(table, ("depends_on",), reading)
    return tuple(from_plain(Dependency, one, "depends_on") for one in values.get("depends_on", ()))


def _only(table: dict[str, object], keys: Collection[str], reading: Reading) -> Values:
    """Return some values of a table; what is wrong with them is told elsewhere."""
    kept = {
        key: item for key, item in table.items() if canonical(key, reading.place.dialect) in keys
    }
    values, _ = read_table(kept, "", reading.place, Remarks(""))
    return merged(reading.defaults, values)


def _full_name(name: str, values: Values, choice: Choice) -> str:
    prefix = f"{values['name_prefix']}:" if values.get("name_prefix") else ""
    appended = values.get("append_env_to_name") and choice.environment
    return f"{prefix}{name}-{choice.environment}" if appended else prefix + name


def _app(where: str, table: dict[str, object], reading: Reading) -> AppSpec | None:
    """Return the table's spec, None if faults hide it; each fault is told."""
    own, wrong = read_table(table, where, reading.place, reading.remarks)
    fault = reading.remarks.at(where)
    values = merged(reading.defaults, own)
    if reading.file.dialect.pm2 and "instances" in values:
        values = {"instance_var": "NODE_APP_INSTANCE", **values}
    env = own_variables(values, reading.file, reading.choice.environment, fault)
    _check_identity(values, reading.typed, fault)
    if ("script" in values or "script" in wrong) == ("module" in values or "module" in wrong):
        fault("give one of `script` and `module`")
        return None
    if wrong & {"script", "module", "cwd"}:
        return None  # what they stand for cannot be looked for
    try:  # also after another fault: the script that is missing is told with it
        spec = _spec(values, env, reading)
    except PmError as error:
        fault(sentence(error))
        return None
    spec, channel = nochannel.without(spec, reading.file.dialect)
    for note in filter(None, (nocluster.remark(values, spec, reading.file.dialect), channel)):
        reading.remarks.notes.append(f"{where}: {note}")
    return spec


def _check_identity(values: Values, typed: Wish, fault: Callable[[str], None]) -> None:
    """Tell of a user or group that is not known here."""
    chosen = {**values, **typed.options}
    user, group = str(chosen.get("user", "")), str(chosen.get("group", ""))
    try:
        if user or group:
            look_up(user, group)
    except PmError as error:
        fault(sentence(error))


def _spec(values: Values, env: dict[str, str], reading: Reading) -> AppSpec:
    if port_is_variable(values, reading.file):
        values = {key: value for key, value in values.items() if key != "port"}
    for key in ("host", "port"):
        if key in values and not is_application(values.get("script", "")):
            word = values.get("module") or values["script"]
            raise ConfigError(f"{key}: {word} is no `module:app`", "it is told by `args` or `env`")
    spec = resolve(_overlaid(_wish(values, env), reading.typed), reading.caller)
    name = _full_name(spec.name, values, reading.choice)
    if values.get("log_file") is True and not spec.log_file:
        spec = replace(
            spec, log_file=os.path.join(default_home(), "logs", f"{file_name(name)}.log")
        )
    return replace(spec, name=name, source=reading.file.source)


def _wish(values: Values, env: dict[str, str]) -> Wish:
    fields = {k: v for k, v in values.items() if k not in _OWN and not named_env(k)}
    options = {key: from_plain(_FIELDS[key], value, key) for key, value in fields.items()}
    options = {**values.get("watch_options", {}), **values.get("log_rotate", {}), **options}
    if values.get("time"):
        options.setdefault("log_date_format", STAMP)
    if isinstance(values.get("log_file"), str):
        options["log_file"] = values["log_file"]
    if values.get("disable_logs"):
        options |= {"out_file": "/dev/null", "error_file": "/dev/null"}
    return Wish(
        word=values.get("module") or values["script"],
        module="module" in values,
        args=values.get("args", ()),
        name=values.get("name", ""),
        cwd=values.get("cwd", ""),
        interpreter=values.get("interpreter", ""),
        interpreter_args=values.get("interpreter_args", ()),
        fork=values.get("exec_mode") == Mode.FORK.value,
        instances=values.get("instances", ""),
        env=env,
        options=options,
        host=values.get("host", ""),
        port=values.get("port"),
        filter_env=values.get("filter_env", ()),
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
        filter_env=typed.filter_env or table.filter_env,
        options={**table.options, **typed.options},
    )
