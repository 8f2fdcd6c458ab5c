"""Every key of a `[deploy.NAME]` table, defined once: kinds, help, PM2's keys without a meaning."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from cli.ecosystem.keys import Key
from cli.ecosystem.kinds import FLAG, TEXT, VARIABLES, Kind
from cli.ecosystem.place import Place
from pm.errors import ConfigError

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_HOST = re.compile(r"[^\s\-][^\s]*")
_STRINGS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def _plain(value: object, place: Place) -> str:
    """Read what becomes one word of a command: never an option, never two lines."""
    text = str(TEXT.read(value, place))
    if not text or text.startswith("-") or not text.isprintable():
        raise ConfigError(f"{text!r} is empty, begins with `-` or has control characters")
    return text


def _list(value: object, place: Place) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_plain(item, place) for item in items)


def _hosts(value: object, place: Place) -> tuple[str, ...]:
    found = _list(value, place)
    for host in found:
        if not _HOST.fullmatch(host):
            raise ConfigError(f"{host!r} is no host")
    if not found or len(set(found)) < len(found):
        raise ConfigError("each host once, and at least one")
    return found


def _path(value: object, place: Place) -> str:
    path = posixpath.normpath(_plain(value, place))
    if not path.startswith(("/", "~/")) or ".." in path.split("/") or path in ("/", "//"):
        raise ConfigError(f"{path!r} is no folder on a host", "such as /var/www/app or ~/app")
    return path


def _shared(value: object, place: Place) -> tuple[str, ...]:
    found = _list(value, place)
    for item in found:
        parts = posixpath.normpath(item).split("/")
        if item.startswith(("/", "~")) or ".." in parts or parts == ["."]:
            raise ConfigError(f"{item!r} is no path inside a release")
        if any(other != item and item.startswith(f"{other.rstrip('/')}/") for other in found):
            raise ConfigError(f"{item!r} is in a folder that is shared itself")
    return found


def _hook(value: object, _: Place) -> str:
    """Read a command for a shell as it stands: `${NAME}` is that shell's."""
    lines = value if isinstance(value, list) else [value]
    texts = [line for line in lines if isinstance(line, str)]
    if len(texts) < len(lines) or any("\0" in text for text in texts):
        raise ConfigError(f"{value!r} is not a command")
    return " && ".join(texts)


def _count(value: object, _: Place) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        raise ConfigError(f"{value!r} is not a whole number from 1 up")
    return number


def _env(value: object, place: Place) -> dict[str, str]:
    found: Any = VARIABLES.read(value, place)
    for name, text in found.items():
        if not _NAME.fullmatch(name) or "\0" in text:
            raise ConfigError(f"{name!r} is no variable")
    return dict(found)


WORD = Kind("text", _plain, TEXT.schema)
HOSTS = Kind("text or list", _hosts, _STRINGS)
PATH = Kind("folder on the host", _path, TEXT.schema)
SHARED = Kind("list of paths", _shared, _STRINGS)
OPTIONS = Kind("text or list", _list, _STRINGS)
HOOK = Kind("command", _hook, _STRINGS)
COUNT = Kind("whole number", _count, {"type": ["integer", "string"], "minimum": 1})
ENV = Kind("table", _env, VARIABLES.schema)

KEYS: dict[str, Key] = {
    "host": Key(HOSTS, "Host, or several; `localhost` alone is reached without ssh"),
    "user": Key(WORD, "User on the hosts", default="ssh's own choice"),
    "port": Key(COUNT, "Port of ssh", default="ssh's own choice"),
    "key": Key(WORD, "File with the private key", default="ssh's own choice"),
    "ssh_options": Key(OPTIONS, "For `ssh -o`, such as StrictHostKeyChecking=accept-new"),
    "forward-agent": Key(FLAG, "Let the hosts use your ssh agent, to fetch the repository",
                         ("forward_agent",), "false"),
    "repo": Key(WORD, "Git repository, as the hosts reach it"),
    "ref": Key(WORD, "Branch, tag or commit; `origin/main` means `main`", default="main"),
    "path": Key(PATH, "Folder on the hosts; `~/app` is in the user's home"),
    "shared": Key(SHARED, "Files and folders that all releases share; `logs/`: may be empty"),
    "keep": Key(COUNT, "Releases to keep", default="5"),
    "parallel": Key(COUNT, "Hosts at work at a time", default="1"),
    "env": Key(ENV, "Variables for git, hooks and the apps"),
    "pre-setup": Key(HOOK, "Run on the hosts, in the home, before setup", ("pre_setup",)),
    "post-setup": Key(HOOK, "Run on the hosts, in `path`, after setup", ("post_setup",)),
    "pre-deploy-local": Key(HOOK, "Run here, before anything is fetched", ("pre_deploy_local",)),
    "pre-deploy": Key(HOOK, "Run on the hosts, in the new release, before it goes live",
                      ("pre_deploy",)),
    "post-deploy": Key(HOOK, "Run on the hosts, in the new release, once it serves",
                       ("post_deploy",)),
}  # fmt: skip


def explained(name: str) -> str:
    """Return a sentence about a key, with its default."""
    key = KEYS[name]
    return f"{key.help} (default: {key.default})." if key.default else f"{key.help}."


REQUIRED = ("host", "repo", "path")

MEANINGLESS: dict[str, str] = {
    "fetch": "the hosts keep a mirror, so a fetch brings only what is new",
    "needs_tty": "nothing asks questions on the hosts",
    "needs-tty": "nothing asks questions on the hosts",
}
"""PM2's keys that change nothing here: said, and then ignored."""

ALIASES = {alias: name for name, key in KEYS.items() for alias in key.aliases}
