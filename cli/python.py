"""Which Python runs an app, and what a line such as `python -O -m web` runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence

from pm.errors import Failed
from pm.record import dataclass

_PYTHON = re.compile(r"(python|pypy)[\d.]*t?\Z")
_FLAGS = re.compile(r"-[bBdEiIOPqRsSuvx]+\Z")


@dataclass(frozen=True)
class PythonLine:
    """The arguments of a Python, taken apart."""

    options: tuple[str, ...]
    args: tuple[str, ...]
    script: str = ""
    module: str = ""


def is_python(path: str) -> bool:
    """Return True if the file's name is that of a Python interpreter."""
    return bool(_PYTHON.match(os.path.basename(path)))


def choose_python(folders: Sequence[str], env: Mapping[str, str]) -> str:
    """Return VIRTUAL_ENV's Python, else that of a `.venv` in the folders, else PATH's.

    Raises Failed if there is none.
    """
    venvs = [env["VIRTUAL_ENV"]] if env.get("VIRTUAL_ENV") else []
    venvs += [os.path.join(folder, ".venv") for folder in folders]
    for venv in venvs:
        python = os.path.join(venv, "bin", "python")
        if os.access(python, os.X_OK):
            return os.path.abspath(python)
    for name in ("python3", "python"):
        found = shutil.which(name, path=env.get("PATH", os.defpath))
        if found:
            return _behind_shim(os.path.abspath(found), env)
    raise Failed("there is no python3 in your PATH", "name one: `--interpreter /path/to/python`")


def console_python(path: str) -> list[str] | None:
    """Return the Python and its options that a script's first lines name, or None.

    The Python is empty where the script leaves it to PATH (`#!/usr/bin/env python3`). Long
    paths are written by installers as a `/bin/sh` line that runs the Python on the next.
    """
    try:
        with open(path, "rb") as file:
            lines = file.read(4096).split(b"\n")
    except OSError:
        return None
    if not lines[0].startswith(b"#!"):
        return None
    words = os.fsdecode(lines[0][2:]).split()
    if words == ["/bin/sh"] and len(lines) > 1 and lines[1].startswith(b"'''exec' "):
        try:
            words = shlex.split(os.fsdecode(lines[1][len(b"'''exec' ") :]))[:1]
        except ValueError:
            return None
    return _python_of(words)


def split_python(words: Sequence[str]) -> PythonLine | None:
    """Take apart what follows `python`; None if it runs neither a file nor a module."""
    rest = list(words)
    options: list[str] = []
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "-m" and rest:
            return PythonLine(tuple(options), tuple(rest[1:]), module=rest[0])
        if word in ("-X", "-W") and rest:
            options += [word, rest.pop(0)]
        elif _FLAGS.match(word) or (word[:2] in ("-X", "-W") and len(word) > 2):
            options.append(word)
        else:
            return None
    if not rest or rest[0] == "-":
        return None
    return PythonLine(tuple(options), tuple(rest[1:]), script=rest[0])


def _behind_shim(path: str, env: Mapping[str, str]) -> str:
    """Return the Python that a shell script in PATH stands for, so that it is asked only once.

    Version managers put such scripts there; they take 100 ms at every start.
    """
    with open(path, "rb") as file:
        if file.read(2) != b"#!":
            return path
    import subprocess

    ask = [path, "-S", "-c", "import sys; print(sys.executable)"]
    answer = subprocess.run(ask, capture_output=True, env=dict(env), check=False)
    found = os.fsdecode(answer.stdout.rstrip(b"\n"))
    return found if os.access(found, os.X_OK) else path


def _python_of(words: list[str]) -> list[str] | None:
    by_path = bool(words) and os.path.basename(words[0]) == "env"
    if by_path:
        words = [w for w in words[1:] if w != "-S"]
    if not words or not is_python(words[0]):
        return None
    if by_path and "/" not in words[0]:
        return ["", *words[1:]]
    return words if os.path.isabs(words[0]) else None
