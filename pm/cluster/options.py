"""What `setup_primary` has set: cumulative, for the workers that are forked from then on."""

from __future__ import annotations

import os
import sys
from typing import Any

from ..bounds import check
from ..errors import ConfigError
from ..model import AppSpec, Scheduling, Target
from ..worker import commandline
from .errors import BadSetting

_KNOWN: dict[str, tuple[type, ...]] = {
    "exec": (str, os.PathLike),
    "args": (list, tuple),
    "exec_args": (list, tuple),
    "cwd": (str, os.PathLike, type(None)),
    "silent": (bool,),
    "uid": (int, str, type(None)),
    "gid": (int, str, type(None)),
    "kill_timeout": (int, float),
    "listen_timeout": (int, float),
    "wait_ready": (bool,),
    "reload_on_signal": (bool,),
    "reload_on_removal": (str, os.PathLike, type(None)),
}
"""Names and types."""

MODULE = "-m "
"""An `exec` that begins so names a module instead of a file."""


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """Return settings as they are kept. Raises BadSetting for what cannot be set."""
    for name, value in given.items():
        if name == "env":
            hint = "variables are given to each worker: cluster.fork(env={...})"
            raise BadSetting("setup_primary: `env` is no setting", hint)
        if name not in _KNOWN:
            hint = f"there are: {', '.join(_KNOWN)}"
            raise BadSetting(f"setup_primary: `{name}` is no setting", hint)
        if not isinstance(value, _KNOWN[name]):
            kinds = " or ".join(kind.__name__ for kind in _KNOWN[name])
            raise BadSetting(f"setup_primary: {name} is {value!r}", f"it has to be a {kinds}")
        try:
            check(name, value)
        except ConfigError as error:
            raise BadSetting(f"setup_primary: {error.message}", error.hint) from None
    return {name: _plain(name, value) for name, value in given.items()}


def _plain(name: str, value: Any) -> Any:
    if name in ("args", "exec_args"):
        return [str(word) for word in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def defaults() -> dict[str, Any]:
    """Return what holds where nothing is set: this program, as it was started."""
    return {
        "exec": this_program(), "args": sys.argv[1:], "exec_args": _own_options(),
        "silent": False,
        "cwd": None, "uid": None, "gid": None,
        "kill_timeout": 10.0, "listen_timeout": 30.0, "wait_ready": False,
        "reload_on_signal": False, "reload_on_removal": None,
    }  # fmt: skip


def this_program() -> str:
    """Return the running program's file, or `-m module`; empty if it has neither."""
    main: Any = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        name: str = spec.name
        return MODULE + name.removesuffix(".__main__")
    if spec is not None:  # a folder or zip file with a __main__.py
        return os.path.abspath(sys.argv[0])
    return os.path.abspath(main.__file__) if getattr(main, "__file__", None) else ""


def _own_options() -> list[str]:
    """Return the options that this interpreter was started with."""
    line = commandline.read(sys.orig_argv[1:])
    return line.options if line else []


def spec_of(settings: dict[str, Any], env: dict[str, str], scheduling: Scheduling) -> AppSpec:
    """Return the spec of a worker with these settings. Raises BadSetting if there is no program.

    It may take as long as it likes to become ready: nothing but a reload waits for it.
    """
    program: str = settings["exec"]
    if not program:
        raise BadSetting(
            "fork: this program has no file that a worker could run",
            'name one: cluster.setup_primary(exec="worker.py")',
        )
    module = program.startswith(MODULE)
    script = program[len(MODULE) :].strip() if module else os.path.abspath(program)
    return AppSpec(
        name=_name(script), script=script, cwd=settings["cwd"] or os.getcwd(),
        target=Target.MODULE if module else Target.SCRIPT, args=tuple(settings["args"]),
        interpreter=sys.executable, interpreter_args=tuple(settings["exec_args"]), env=env,
        kill_timeout=settings["kill_timeout"], listen_timeout=0.0,
        wait_ready=settings["wait_ready"], scheduling=scheduling,
    )  # fmt: skip


def _name(script: str) -> str:
    name = os.path.splitext(os.path.basename(script))[0]
    return name if name.isprintable() and name not in ("", "all") else "cluster"
