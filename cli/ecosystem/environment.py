"""An app's variables: where they come from, and in which order they are laid over each other."""

from __future__ import annotations

import os
from collections.abc import Callable

from cli.program import is_application
from pm.codec import suggest
from pm.errors import PmError

from . import dotenv
from .file import File
from .keys import named_env
from .kinds import variables_of
from .place import Place
from .reading import Remarks, Values, sentence


def own_variables(
    values: Values, file: File, environment: str, fault: Callable[[str], None]
) -> dict[str, str]:
    """Return what a file sets for an app: PORT, files, `env`, `env_NAME`; each lies on top.

    Tells `fault` of each that cannot be read.
    """
    env = {"PORT": str(values["port"])} if port_is_variable(values, file) else {}
    for name in values.get("env_file", ()):
        try:
            env.update(dotenv.read(os.path.join(file.folder, os.path.expanduser(name))))
        except PmError as error:
            fault(sentence(error))
    env.update(values.get("env", {}))
    try:
        env.update(_of_deploy(file, environment))
    except PmError as error:
        fault(f"deploy.{environment}.env: {sentence(error)}")
    env.update(values.get(f"env_{environment}", {}))
    return env


def _of_deploy(file: File, environment: str) -> dict[str, str]:
    """Return the variables in PM2's `deploy.NAME.env`; raises ConfigError."""
    table = file.deploy.get(environment)
    if not file.dialect.pm2 or not isinstance(table, dict) or "env" not in table:
        return {}
    place = Place(file.folder, file.dialect, {})
    return variables_of(table["env"], place)


def port_is_variable(values: Values, file: File) -> bool:
    """Return True where `port` is PM2's: a variable, for an app that is no `module:app`."""
    own = file.dialect.pm2 and "port" in values
    return own and not is_application(values.get("script", ""))


def check_environment(file: File, environment: str, remarks: Remarks) -> None:
    """Tell of an env_NAME that no app of the file has: a fault, in PM2's files a note."""
    tables = (file.defaults, *file.apps)
    known = sorted({name for table in tables for key in table if (name := named_env(key))})
    if not environment or environment in known:
        return
    there = suggest(environment, known) or (
        f"there are: {', '.join(known)}" if known else "there is no table env_NAME"
    )
    said = remarks.notes if file.dialect.pm2 else remarks.faults
    said.append(f"--env {environment}: no app has env_{environment}; {there}")
