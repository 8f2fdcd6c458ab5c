"""Which files mean nothing to a watched app. Pure.

Patterns are those of .gitignore: one without a slash is a name at any depth, one with a slash a
path from the app's folder, `**` any number of folders, `!` in front takes back; the last that
matches decides. What lies in an ignored folder is ignored.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable

USUAL = (
    ".git", ".hg", ".svn", ".jj",
    "__pycache__", "*.py[cod]", "*.pyc.*", "*.egg-info", ".venv", "venv", ".tox", ".nox", ".eggs",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints",
    ".coverage*", "node_modules",
    ".idea", ".vscode", ".*.sw?", "*~", ".#*", "#*#", "4913", ".DS_Store", ".nfs*", "*.tmp",
    "logs", "*.log", "*.log.*", "*.pid", "*.sock",
    "*.db", "*.sqlite", "*.sqlite3", "*-journal", "*-wal", "*-shm",
)  # fmt: skip
"""Ignored unless a pattern takes it back: what changes by itself, or is not the app's code."""


class Ignore:
    """The patterns of one app."""

    def __init__(self, patterns: Iterable[str], folder: str, own: Iterable[str] = ()) -> None:
        """Take patterns relative to `folder`; `own` are paths that are ignored in any case."""
        self._own = tuple(own)
        self._rules = [*_usual(), *(_rule(pattern, folder) for pattern in patterns if pattern)]

    def __call__(self, path: str, root: str) -> bool:
        """True if `path` means nothing; what is above `root`, and itself, was asked for."""
        if any(path == one or path.startswith(f"{one}/") for one in self._own):
            return True
        if path == root or not path.startswith(f"{root.rstrip('/')}/"):
            return False
        at = root.rstrip("/")
        for name in path[len(at) + 1 :].split("/"):
            at = f"{at}/{name}"
            if self._verdict(name, at):
                return True
        return False

    def _verdict(self, name: str, path: str) -> bool:
        verdict = False
        for ignored, whole, regex in self._rules:
            if verdict is not ignored and regex.match(path if whole else name):
                verdict = ignored
        return verdict


_Rule = tuple[bool, bool, "re.Pattern[str]"]
"""Whether it ignores or takes back, whether it is about the whole path, and what it matches."""


@functools.cache
def _usual() -> list[_Rule]:
    return [(True, False, re.compile("|".join(map(glob, USUAL))))]


def _rule(pattern: str, folder: str) -> _Rule:
    back = pattern.startswith("!")
    bare = pattern.removeprefix("!").rstrip("/")
    for ending in ("/**", "/*"):
        bare = bare.removesuffix(ending)
    bare = bare.removeprefix("**/") if bare.count("/") == 1 else bare
    if "/" not in bare:
        return not back, False, re.compile(glob(bare))
    path = posixpath.normpath(posixpath.join(folder, bare))
    return not back, True, re.compile(glob(path))


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\\.|\[!?[^\]]*\]|\{[^{}]*\}|.", re.DOTALL)


def glob(pattern: str) -> str:
    """Return the regular expression of a glob: `*`, `**`, `?`, `[ab]`, `{a,b}`, `\\` before one."""
    found = "".join(_part(part) for part in _PARTS.findall(pattern))
    return rf"(?:{found})\Z"


def _part(part: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in known:
        return known[part]
    if len(part) == 2 and part.startswith("\\"):
        return re.escape(part[1])
    if len(part) > 2 and part.startswith("["):
        inner = part[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    if len(part) > 2 and part.startswith("{"):
        return "(?:" + "|".join(glob(one)[3:-3] for one in part[1:-1].split(",")) + ")"
    return re.escape(part)
