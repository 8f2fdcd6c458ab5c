"""What file a word names, and what runs it: a Python, the file itself, or the shell."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from pm.errors import Failed, UsageError
from pm.model import Target
from pm.record import dataclass, replace

from .python import choose_python, console_python, is_python, split_python
from .values import words

__all__ = ["Program", "find_program", "is_python", "module_program", "runner_of"]

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_SHELL = re.compile(r"[|&;<>()`$]|^\s*[A-Za-z_]\w*=")
"""What only a shell can do; everything else is split into words and needs no shell."""

_RUNNERS = {".sh": "sh", ".js": "node", ".mjs": "node", ".cjs": "node", ".rb": "ruby",
            ".pl": "perl", ".php": "php"}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A program found, with the name its app gets if none is given."""

    target: Target
    script: str
    name: str
    args: tuple[str, ...] = ()
    interpreter: str = ""
    interpreter_args: tuple[str, ...] = ()

    def replace(self, **changes: Any) -> Program:
        """Return a copy with these fields changed."""
        return replace(self, **changes)


def module_program(module: str, cwd: str, env: Mapping[str, str]) -> Program:
    """Return the program of `-m module`; whether there is one is the interpreter's to say."""
    if not re.fullmatch(_DOTTED, module):
        raise UsageError(f"-m: {module!r} cannot be the name of a module")
    return Program(Target.MODULE, module, module, interpreter=choose_python((cwd,), env))


def is_application(word: str) -> bool:
    """Return True for `module:attribute`, with `()` at its end if that makes the application."""
    return re.fullmatch(rf"{_DOTTED}:{_DOTTED}(\(\))?", word) is not None


def _application(word: str, cwd: str, env: Mapping[str, str], with_python: bool) -> Program:
    python = choose_python((cwd,), env) if with_python else ""
    return Program(Target.APP, word, re.split(r"[.:]", word)[0], interpreter=python)


def find_program(
    word: str, bases: tuple[str, ...], env: Mapping[str, str], with_python: bool = True
) -> Program:
    """Return what the word names: a file, an application, a line for the shell, or a command.

    Files are looked for in `bases` in turn. `with_python` False: the caller names a Python, so
    none is looked for. Raises Failed.
    """
    for base in bases:
        path = os.path.normpath(os.path.join(base, os.path.expanduser(word)))
        if os.path.exists(path) and not (os.path.isdir(path) and _in_path(word, env)):
            return _of_file(path, bases[0], env, with_python)
    if is_application(word):
        return _application(word, bases[0], env, with_python)
    if _SHELL.search(word):
        return Program(Target.COMMAND, "/bin/sh", _shell_name(word), ("-c", word))
    parts = words(word)
    if len(parts) > 1:
        return _of_words(parts, bases, env, with_python)
    found = _in_path(word, env) or shutil.which(word, path=f"{bases[0]}/.venv/bin")
    if found is None:
        raise _missing(word, bases[0])
    return _of_file(os.path.normpath(os.path.join(bases[0], found)), bases[0], env, with_python)


def _of_words(
    parts: Sequence[str], bases: tuple[str, ...], env: Mapping[str, str], with_python: bool
) -> Program:
    first = find_program(parts[0], bases, env, with_python)
    run = split_python(parts[1:]) if is_python(first.script) else None
    if run is None:
        return first.replace(args=(*first.args, *parts[1:]))
    if run.module:
        return Program(Target.MODULE, run.module, run.module, run.args, first.script, run.options)
    inner = find_program(run.script, bases, env, with_python=False)
    return inner.replace(
        target=Target.SCRIPT, args=run.args, interpreter=first.script, interpreter_args=run.options
    )


def _of_file(path: str, cwd: str, env: Mapping[str, str], with_python: bool) -> Program:
    base = os.path.basename(path)
    name = os.path.splitext(base)[0] or base
    if os.path.isdir(path) and not os.path.exists(os.path.join(path, "__main__.py")):
        raise Failed(
            f"{path} is a folder without __main__.py", "name a file in it" + _near(path, "")
        )
    if os.path.isdir(path) or base.endswith((".py", ".pyz", ".pyw", ".zip")):
        python = choose_python((os.path.dirname(path), cwd), env) if with_python else ""
        return Program(Target.SCRIPT, path, name, interpreter=python)
    found = console_python(path)
    if found is not None and not is_python(path):
        python, *options = found
        if not python and with_python:
            python = choose_python((os.path.dirname(path), cwd), env)
        return Program(Target.SCRIPT, path, name, (), python, tuple(options))
    if not with_python:  # whoever is named runs the file, whatever kind it is of
        return Program(Target.COMMAND, path, name)
    return _executable(path, name, env)


def _shell_name(line: str) -> str:
    """Return the first program of a line for the shell."""
    names = (w for w in re.split(r"[\s|&;<>()]+", line) if w and "=" not in w)
    return os.path.basename(next(names, "")) or "sh"


def runner_of(word: str) -> str:
    """Return the program that runs files with this ending, or an empty string."""
    return "" if len(word.split()) > 1 else _RUNNERS.get(os.path.splitext(word)[1], "")


def _executable(path: str, name: str, env: Mapping[str, str]) -> Program:
    runner = _in_path(_RUNNERS.get(os.path.splitext(path)[1], ""), env)
    if os.access(path, os.X_OK) and (runner is None or _says_who_runs_it(path)):
        return Program(Target.COMMAND, path, name)
    if runner is None:
        raise Failed(f"{path} is not executable", f"`chmod +x {path}`, or name an --interpreter")
    return Program(Target.COMMAND, runner, name, (path,))


def _says_who_runs_it(path: str) -> bool:
    """Return False for a text without a shebang, that the kernel would not run."""
    try:
        with open(path, "rb") as file:
            return file.read(4).startswith((b"#!", b"\x7fELF"))
    except OSError:
        return True  # it may be executable and not readable


def _in_path(word: str, env: Mapping[str, str]) -> str | None:
    if not word or "/" in word:
        return None
    return shutil.which(word, path=env.get("PATH", os.defpath))


def _missing(word: str, cwd: str) -> Failed:
    path = os.path.join(cwd, word)
    if "/" in word or os.path.splitext(word)[1]:
        folder, base = os.path.split(path)
        return Failed(f"there is no file {path}", _near(folder, base).lstrip("; "))
    hint = f"a file, a command in PATH, or an app in `pm list`{_near(cwd, word)}"
    if word == "serve":
        hint = "PM2's server of files is not here; `python3 -m http.server` is one"
    if ":" in word:
        hint = "an application is written `package.module:attribute`, with Python's own names"
    return Failed(f"there is no file, command or app `{word}`", hint)


def _near(folder: str, name: str) -> str:
    try:
        files = [f for f in os.listdir(folder) if not f.startswith(".")]
    except OSError:
        return ""
    import difflib  # only to say something

    near = difflib.get_close_matches(name, files, n=3) if name else []
    if not name:
        near = sorted(f for f in files if f.endswith(".py"))[:3]
    return "; did you mean " + " or ".join(f"`{n}`" for n in near) + "?" if near else ""
