"""The formats of ecosystem files: each is read into plain tables, and none is evaluated here.

A `.js` file is a program: node runs it, in a process of its own, and only when somebody names it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pm.errors import ConfigError, UsageError
from pm.record import dataclass, field

from . import fromyaml
from .bounded import read_file, read_stream

STDIN = "-"
DEFAULT_NAMES = (
    "ecosystem.toml", "ecosystem.config.json", "ecosystem.json", "ecosystem.config.yaml",
    "ecosystem.config.yml", "ecosystem.yaml", "ecosystem.yml", "pm2.json", "pm2.yaml", "pm2.yml",
    "ecosystem.config.js", "ecosystem.config.cjs", "pm2.config.js", "pm2.config.cjs",
)  # fmt: skip
"""What a command without a file looks for in the working directory, in this order."""

_NODE_LIMIT = 30.0
_NODE = (
    "const found = require(process.argv[1]);"
    "process.stdout.write(JSON.stringify(typeof found === 'function' ? found() : found))"
)


@dataclass(frozen=True)
class Dialect:
    """What differs between our files and PM2's."""

    app: str
    """What messages call the table of an app,"""
    apps: str
    """and all of them."""
    pm2: bool = False
    """PM2's: milliseconds, `port` as a variable, numbers as text, a `$` is only a `$`."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Keys that have another name with us."""


OURS = Dialect("[[apps]]", "[[apps]] table")
PM2S = Dialect("app", "list `apps`", pm2=True, renamed={"cron": "cron_restart"})


def is_ecosystem(word: str) -> bool:
    """Return True if the word names a file that describes apps, of whatever format."""
    if word == STDIN:
        return True
    return word.endswith((*_READERS, ".mjs")) and os.path.isfile(word)


def default_file() -> str:
    """Return the file that a command without one means.

    Raises UsageError if there is none, or only one that is a program: that has to be named.
    """
    found = [name for name in DEFAULT_NAMES if os.path.isfile(name)]
    if not found:
        looked = ", ".join(DEFAULT_NAMES)
        raise UsageError(
            f"there is no file of apps here: looked for {looked}",
            "name a script, command, app or file; `pm init` writes an ecosystem.toml",
        )
    if _is_javascript(found[0]):
        raise UsageError(
            f"{found[0]} is a program for node, which is run only if it is named",
            f"`pm start {found[0]}`",
        )
    if len(found) > 1:
        print(f"note: {found[0]} is read, {', '.join(found[1:])} not", file=sys.stderr)
    return found[0]


def load(path: str) -> tuple[dict[str, Any], Dialect]:
    """Return a file's top table and its dialect; `-` is standard input, of any format.

    Raises ConfigError.
    """
    if path == STDIN:
        return _any_format(_stdin())
    ending = next((ending for ending in _READERS if path.endswith(ending)), "")
    if path.endswith(".mjs"):
        raise ConfigError(
            f"{path}: modules (.mjs) are not read", "export it as CommonJS in a .cjs file"
        )
    if not ending:
        raise ConfigError(f"{path} is no file of apps", f"its name ends in {', '.join(_READERS)}")
    return _READERS[ending](read_file(path), path), OURS if ending == ".toml" else PM2S


def _stdin() -> str:
    try:
        return read_stream(sys.stdin, "standard input")
    except OSError as error:
        raise ConfigError(f"standard input: {error.strerror}") from None


def _any_format(text: str) -> tuple[dict[str, Any], Dialect]:
    """Read TOML, else JSON or YAML; no text with apps is more than one of them."""
    if text.lstrip().startswith(("{", "[{")):
        return _json(text, "standard input"), PM2S
    try:
        return _toml(text, "standard input"), OURS
    except ConfigError as no_toml:
        try:
            return _yaml(text, "standard input"), PM2S
        except ConfigError as no_yaml:
            why = (f"no {name}: {error.message.partition(': ')[2]}" for name, error in
                   (("TOML", no_toml), ("YAML", no_yaml)))  # fmt: skip
            lines = [line for text in why for line in text.splitlines()]
            raise ConfigError("standard input is no file of apps", "", lines) from None


def _toml(text: str, path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    if _LONG_KEY.search(text):
        raise ConfigError(f"{path}: a key of more than 100 parts (`a.b.c`)", "shorten it")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}") from None


_LONG_KEY = re.compile(r"(?:\.[ \t]*[^\s.=]+[ \t]*){100}")
"""The parser takes time and memory by the square of a key's parts."""


def _json(text: str, path: str) -> dict[str, Any]:
    """Read JSON; PM2's may have comments and commas before a closing bracket."""
    for pattern in ("", rf"{_QUOTED}|//[^\n]*|/\*.*?(?:\*/|\Z)", rf"{_QUOTED}|,(?=\s*[\]}}])"):
        if pattern:
            text = re.sub(pattern, _blank, text, flags=re.DOTALL)
        try:
            return _table(json.loads(text), path)
        except (ValueError, RecursionError) as error:
            fault = error
    raise ConfigError(f"{path}: {fault}", "what has to be evaluated goes into a .config.js file")


_QUOTED = r'"(?:\\.|[^"\\])*(?:"|\\?\Z)'
"""Also one without an end, which would be looked for from each quote in it."""


def _blank(match: re.Match[str]) -> str:
    """Keep a text in quotes, put blanks in the place of all else but newlines."""
    return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])


def _yaml(text: str, path: str) -> dict[str, Any]:
    return _table(fromyaml.parse(text, path), path)


def _is_javascript(path: str) -> bool:
    return path.endswith((".js", ".cjs"))


def _javascript(_text: str, path: str) -> dict[str, Any]:
    """Have node run the file and print what it exports."""
    import subprocess

    try:
        done = subprocess.run(
            ["node", "-e", _NODE, os.path.abspath(path)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_NODE_LIMIT,
            check=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise ConfigError(
            f"{path} is a program for node, and there is no node",
            "write it as ecosystem.toml or .json",
        ) from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{path}: node did not end within {_NODE_LIMIT:g} s") from None
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"{path}: node: {_reason(error.stderr)}") from None
    return _json(done.stdout, path)


def _reason(text: str) -> str:
    """Return what node's traceback says is wrong, and in which line."""
    lines = [line.strip() for line in text.splitlines() if "Error" in line]
    where = re.match(r"/.*:(\d+)\n", text)
    place = f" (line {where[1]})" if where else ""
    return (lines[0] if lines else "it failed") + place


def _table(data: object, path: str) -> dict[str, Any]:
    """Accept what PM2 does: a table with `apps`, a list of apps, or one app."""
    if isinstance(data, list):
        return {"apps": data}
    if isinstance(data, dict) and "apps" not in data and {"script", "exec", "cmd"} & data.keys():
        return {"apps": [data]}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: there is no list of apps")
    if "pm2" in data and "apps" not in data:  # as in package.json
        data = {"apps": data["pm2"], **{k: v for k, v in data.items() if k == "deploy"}}
    if isinstance(data.get("apps"), dict):
        data = {**data, "apps": [data["apps"]]}
    return {str(key): value for key, value in data.items()}


_READERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    ".toml": _toml, ".json": _json, ".yaml": _yaml, ".yml": _yaml,
    ".config.js": _javascript, ".config.cjs": _javascript,
}  # fmt: skip
