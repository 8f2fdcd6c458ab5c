"""An app's variables: where they come from, and in which order they are laid over each other."""

from __future__ import annotations

import os

from cli.program import is_application
from pm.codec import suggest

from . import dotenv
from .file import File
from .keys import named_env
from .reading import Values


def own_variables(values: Values, file: File, environment: str) -> dict[str, str]:
    """Return what a file sets for an app: PORT, files, `env`, `env_NAME`; each lies on top.

    Raises ConfigError for a file of variables that cannot be read.
    """
    env = {"PORT": str(values["port"])} if port_is_variable(values, file) else {}
    for name in values.get("env_file", ()):
        env.update(dotenv.read(os.path.join(file.folder, os.path.expanduser(name))))
    env.update(values.get("env", {}))
    env.update(values.get(f"env_{environment}", {}))
    return env


def port_is_variable(values: Values, file: File) -> bool:
    """Return True where `port` is PM2's: a variable, for an app that is no `module:app`."""
    pm2 = file.dialect.port_is_variable and "port" in values
    return pm2 and not is_application(values.get("script", ""))


def unknown_environment(file: File, environment: str) -> str:
    """Say what is wrong with `--env NAME`, if no app of the file has an env_NAME."""
    tables = (file.defaults, *file.apps)
    known = sorted({name for table in tables for key in table if (name := named_env(key))})
    if not environment or environment in known:
        return ""
    there = suggest(environment, known) or (
        f"there are: {', '.join(known)}" if known else "there is no table env_NAME"
    )
    return f"--env {environment}: no app has env_{environment}; {there}"
