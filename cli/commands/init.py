"""`pm init`: a first file of apps, for what the folder holds."""

from __future__ import annotations

import os
import re
import sys

from cli.detect import Found, detect
from cli.ecosystem.apps import read
from cli.ecosystem.formats import DEFAULT_NAMES
from cli.ecosystem.writing import toml
from cli.program import is_application
from cli.target import this_caller
from cli.values import whole
from pm.errors import ConfigError, Failed, UsageError
from pm.record import dataclass

NAME = DEFAULT_NAMES[0]
_SHOWN = 9
"""Choices that are offered."""


@dataclass(frozen=True)
class Answers:
    """What is asked."""

    found: Found
    name: str
    instances: str
    port: str = ""


def init(word: str = "", yes: bool = False, force: bool = False) -> int:
    """Write the file; ask, unless nobody is there or `yes`."""
    if os.path.lexists(NAME) and not force:
        raise Failed(f"{NAME} is there already", "--force overwrites it")
    answers = _answers(_candidates(word), ask=not yes and sys.stdin.isatty())
    text = file_text(answers, env_file=os.path.isfile(".env"))
    _write(text)
    print(f"✓ {NAME}: {answers.found.kind}, {answers.found.script}")
    for other in DEFAULT_NAMES[1:]:
        if os.path.isfile(other):
            print(f"note: `pm start` reads {NAME} from now on, not {other}", file=sys.stderr)
    print("hint: `pm start` starts it")
    return 0


def _candidates(word: str) -> list[Found]:
    """Return what may be run; raises Failed if that is nothing."""
    if word:
        kind = "application" if is_application(word) else "script"
        return [Found(kind, word)]
    found = detect(".")
    if not found:
        raise Failed(
            "no application and no script is to be seen in this folder",
            "name one: `pm init server.py` or `pm init package.module:app`",
        )
    return found


def _answers(found: list[Found], ask: bool) -> Answers:
    chosen = found[0]
    name = app_name(os.path.basename(os.getcwd()))
    instances, port = ("max", "8000") if chosen.serves else ("1", "")
    if not ask:
        return Answers(chosen, name, instances, port)
    if len(found) > 1:
        for number, one in enumerate(found[:_SHOWN], 1):
            print(f"  {number}  {one.kind}: {one.script}")
        chosen = _picked(found[:_SHOWN])
        instances, port = ("max", "8000") if chosen.serves else ("1", "")
    name = app_name(_asked("name", name))
    instances = _asked("workers (a number, or max: one a CPU)", instances)
    if chosen.serves:
        port = str(whole(_asked("port", port)))
    return Answers(chosen, name, instances, port)


def _picked(found: list[Found]) -> Found:
    number = whole(_asked("which", "1"))
    if not 1 <= number <= len(found):
        raise UsageError(f"there is no number {number}", f"1 to {len(found)}")
    return found[number - 1]


def _asked(what: str, default: str) -> str:
    try:
        return input(f"{what} [{default}]: ").strip() or default
    except EOFError:
        raise Failed("nothing is written: the answers ended") from None


def app_name(text: str) -> str:
    """Return a name that an app may have."""
    name = re.sub(r"[^\w.-]+", "-", text).strip(".-")[:100]
    return name if name and name != "all" else "app"


def file_text(answers: Answers, env_file: bool) -> str:
    """Return the file."""
    found = answers.found
    instances = _quoted(answers.instances, number=True)
    lines = [
        "# What pm runs here: `pm start`, `pm reload ecosystem.toml`, `pm stop ecosystem.toml`.",
        "# All keys: docs/ecosystem.md of pm, or `pm schema`.",
        "",
        "[[apps]]",
        f"name = {_quoted(answers.name)}",
        f"script = {_quoted(found.script)}   # {found.kind}",
        *([f"cwd = {_quoted(found.cwd)}"] if found.cwd else ()),
        f"instances = {instances}   # a number, or \"max\": one a CPU",
        *([f"port = {answers.port}", '# host = "0.0.0.0"'] if found.serves else ()),
        ("" if env_file else "# ") + 'env_file = ".env"',
        "# env = { LOG_LEVEL = \"debug\" }",
        "# env_production = { LOG_LEVEL = \"warning\" }   # with `--env production`",
        "# watch = true   # reload when a file changes",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _quoted(text: str, number: bool = False) -> str:
    """Return a text as TOML."""
    plain = number and re.fullmatch(r"-?\d+", text)
    return text if plain else toml(text.replace("$", "$$"))


def _write(text: str) -> None:
    """Write the file, if what is in it could be started."""
    part = f".{NAME}"
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        read(part, this_caller())
        os.rename(part, NAME)
    except OSError as error:
        raise Failed(f"cannot write {NAME}: {error.strerror}") from None
    except ConfigError as error:
        os.unlink(part)
        lines = (line.partition(": ")[2] for line in error.lines)
        raise Failed("it could not be started so", "nothing is written", lines) from None
