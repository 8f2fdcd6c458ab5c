"""What `pm start X -- args` means: from what was typed and where, to an AppSpec.

Reads the file system and changes nothing. Paths become absolute and stay unresolved, so that a
`current` link to a release is followed again at each start.
"""

from __future__ import annotations

import os
import re
import sys
import typing
from collections.abc import Mapping

from pm.errors import UsageError
from pm.inherit import inherited
from pm.model import AppSpec, Mode, Target
from pm.record import dataclass, field, replace

from .program import Program, find_program, is_python, module_program, runner_of

_SHELLS = ("sh", "bash", "dash", "zsh")
"""Interpreters that take a line as well as a file."""


@dataclass(frozen=True)
class Wish:
    """What was typed, or what a table of an ecosystem file says."""

    word: str
    """Script, command or module."""
    module: bool = False
    args: tuple[str, ...] = ()
    name: str = ""
    cwd: str = ""
    interpreter: str = ""
    """A path, a name to be found in PATH, or `none`."""
    interpreter_args: tuple[str, ...] = ()
    fork: bool = False
    instances: str = ""
    """Empty is one."""
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    """Further fields of AppSpec, by their names and of their types."""
    host: str = ""
    port: int | None = None
    """Where a `module:attribute` listens."""
    filter_env: tuple[str, ...] = ()
    """Parts of names of the caller's variables that the app does not get."""


@dataclass(frozen=True)
class Caller:
    """Where it was typed."""

    cwd: str
    env: Mapping[str, str]
    umask: int
    cpus: int


def this_caller() -> Caller:
    """Return the facts of this process."""
    cpus = getattr(os, "sched_getaffinity", None)
    return Caller(
        cwd=_cwd(),
        env=dict(os.environ),
        umask=_umask(),
        cpus=len(cpus(0)) if cpus else os.cpu_count() or 1,
    )


def resolve(wish: Wish, caller: Caller) -> AppSpec:
    """Return the spec; raises UsageError, Failed or ConfigError with what to do."""
    cwd = folder_of(wish.cwd, caller.cwd)
    env = inherited(caller.env, wish.filter_env) | dict(wish.env)
    runner = runner_of(wish.word) if wish.interpreter_args and not wish.module else ""
    interpreter = _named_interpreter(wish.interpreter or runner, caller)
    if wish.module:
        found = module_program(wish.word, cwd, caller.env)
    else:
        bases = (cwd, caller.cwd) if cwd != caller.cwd else (cwd,)
        found = find_program(wish.word, bases, caller.env, with_python=not interpreter)
    if os.path.basename(interpreter) in _SHELLS and found.target is Target.COMMAND and found.args:
        found = found.replace(script=wish.word, args=())
        wish = replace(wish, interpreter_args=(*wish.interpreter_args, "-c"))
    program = _with_interpreter(found, interpreter, wish.interpreter_args)
    fork = wish.fork or program.target is Target.COMMAND
    return AppSpec(
        name=wish.name or program.name,
        script=program.script,
        cwd=cwd,
        target=program.target,
        args=(*program.args, *_address(wish, program), *wish.args),
        interpreter=program.interpreter,
        interpreter_args=program.interpreter_args,
        exec_mode=Mode.FORK if fork else Mode.CLUSTER,
        instances=count_instances(wish.instances or "1", caller.cpus),
        env=env,
        env_set=tuple(wish.env),
        filter_env=wish.filter_env,
        **{"umask": caller.umask, **_placed(wish.options, cwd)},  # type: ignore[arg-type]
    )


def _placed(options: Mapping[str, object], cwd: str) -> dict[str, object]:
    """Let paths that are watched begin at the app's folder; one that is not there is said."""
    placed = dict(options)
    if "watch" in placed:
        words = typing.cast("tuple[str, ...]", placed["watch"])
        placed["watch"] = paths = tuple(
            os.path.normpath(os.path.join(cwd, os.path.expanduser(word))) for word in words
        )
        for path in paths:
            if not re.search(r"[*?\[{]", path) and not os.path.exists(path):
                print(f"warning: watch: {path} is not there yet", file=sys.stderr)
    return placed


def _address(wish: Wish, program: Program) -> tuple[str, ...]:
    """Return the arguments that say where to listen; raises UsageError where nobody reads them."""
    if program.target is Target.APP and wish.fork:
        raise UsageError(f"{wish.word} runs as a cluster", "leave --fork out")
    if (wish.port or 0) > 65535:
        raise UsageError(f"--port: {wish.port} is no port", "a number from 0 to 65535")
    port = () if wish.port is None else ("--port", str(wish.port))
    found = (*(("--host", wish.host) if wish.host else ()), *port)
    if found and program.target is not Target.APP:
        hint = f"its own arguments follow `--`: `pm start {wish.word} -- {' '.join(found)}`"
        raise UsageError(f"{found[0]}: {wish.word} is no `module:app`", hint)
    return found


def folder_of(text: str, base: str) -> str:
    """Return a working directory's absolute path; raises UsageError if there is none."""
    path = os.path.normpath(os.path.join(base, os.path.expanduser(text)))
    if not os.path.isdir(path):
        raise UsageError(f"cwd: {path} is no folder")
    return path


def count_instances(text: str, cpus: int) -> int:
    """Return a number of workers: "max" and 0 are the CPUs, -1 one less than these."""
    if text == "max":
        return cpus
    try:
        count = int(text)
    except ValueError:
        raise UsageError(
            f"instances: {text!r} is not a number", "use a number, `max`, 0 (all CPUs) or -1"
        ) from None
    return count if count > 0 else max(1, cpus + count)


def _named_interpreter(name: str, caller: Caller) -> str:
    if name in ("", "none"):
        return name
    import shutil

    path = os.path.join(caller.cwd, os.path.expanduser(name)) if "/" in name else name
    found = shutil.which(path, path=caller.env.get("PATH"))
    if found is None:
        raise UsageError(
            f"interpreter: there is no program {name}", "give the path of a Python, or `none`"
        )
    return os.path.normpath(os.path.join(caller.cwd, found))


def _with_interpreter(found: Program, asked: str, options: tuple[str, ...]) -> Program:
    """Overrule what was found by what was asked for."""
    if found.target is Target.APP and asked and not is_python(asked):
        raise UsageError(f"{found.script} needs a Python", "name one, or leave --interpreter out")
    if asked == "none" or (not asked and found.target is Target.COMMAND):
        if options and not asked:
            raise UsageError("interpreter_args: this command has no interpreter")
        return found.replace(target=Target.COMMAND, interpreter="", interpreter_args=())
    if asked and not is_python(asked) and not found.script.endswith(".py"):
        return found.replace(
            target=Target.COMMAND,
            script=asked,
            args=(*options, found.script, *found.args),
            interpreter="",
            interpreter_args=(),
        )
    target = Target.SCRIPT if found.target is Target.COMMAND else found.target
    return found.replace(
        target=target,
        interpreter=asked or found.interpreter,
        interpreter_args=(*(() if asked else found.interpreter_args), *options),
    )


def _cwd() -> str:
    """Return $PWD where it is true: it keeps the symbolic link that the caller came by."""
    named, real = os.environ.get("PWD", ""), os.getcwd()
    try:
        return named if os.path.isabs(named) and os.path.samefile(named, real) else real
    except OSError:
        return real


def _umask() -> int:
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("Umask:"))
        return int(line.split()[1], 8)
    except (OSError, StopIteration, ValueError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask
