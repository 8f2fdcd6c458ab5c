"""What is watched of one app: the folders to look into, and which changes are the app's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from pm.errors import Failed
from pm.record import dataclass

from .ignore import Ignore, glob

MOST_FOLDERS = 10_000
"""More is a mistake: a home folder, or an environment that nothing tells from code."""

_ADDED, _MODIFIED, _DELETED = 1, 2, 3


class Root(NamedTuple):
    """One path that is watched, with all below it."""

    path: str
    only: re.Pattern[str] | None = None
    """What a file has to match, if it was a glob."""

    def covers(self, path: str) -> bool:
        """True if a file is one of those that are meant."""
        if self.only is not None:
            return bool(self.only.match(path))
        return path == self.path or _is_below(path, self.path)


@dataclass(frozen=True)
class Tree:
    """The paths of one app and what is ignored below them."""

    app: str
    roots: tuple[Root, ...]
    ignore: Ignore
    number: int = 0
    """Another one each time that the app begins to be watched."""

    @classmethod
    def of(cls, app: str, paths: Iterable[str], ignore: Ignore, number: int = 0) -> Tree:
        """Make it of absolute paths and globs."""
        return cls(app, tuple(map(_root, paths)), ignore, number)

    def folders(self) -> frozenset[str]:
        """Return the folders to be looked into, one by one; raises Failed if they are too many.

        Of a file, and of a path that is not there (yet), it is the folder above: editors put a
        new file in the place of the old.
        """
        found: set[str] = set()
        for path, _ in self.roots:
            if os.path.isdir(path):
                self._walk(path, found)
            else:
                found.add(_above(path))
        return frozenset(found)

    def _walk(self, root: str, found: set[str]) -> None:
        for folder, below, files in os.walk(root):
            if "pyvenv.cfg" in files and folder != root:
                below.clear()
                continue
            found.add(folder)
            if len(found) > MOST_FOLDERS:
                raise Failed(f"{root} has over {MOST_FOLDERS} folders: name those with the code")
            below[:] = [name for name in below if self._enters(f"{folder}/{name}", root)]

    def _enters(self, folder: str, root: str) -> bool:
        """True if a folder is looked into; not if its name is no text, which watchfiles needs."""
        try:
            folder.encode()
        except UnicodeEncodeError:
            return False
        return not self.ignore(folder, root)

    def looks_into(self, folder: str) -> bool:
        """True if what is in a folder may concern the app."""
        roots = (r.path for r in self.roots if folder == r.path or _is_below(folder, r.path))
        return any(not self.ignore(folder, root) for root in roots)

    def concerns(self, path: str) -> bool:
        """True if a change of `path` is one of the app's."""
        roots = (r for r in self.roots if r.covers(path))
        return any(not self.ignore(path, root.path) for root in roots)


def _root(path: str) -> Root:
    """Read a path, or a glob: below the folder before its first wildcard."""
    wild = re.search(r"[*?\[{]", path)
    if wild is None:
        return Root(os.path.realpath(path))
    folder, _, rest = path[: wild.start()].rpartition("/")
    real = os.path.realpath(folder or "/")
    return Root(real, re.compile(glob(f"{real.rstrip('/')}/{rest}{path[wild.start() :]}")))


def files_in(folder: str, since: float = 0.0) -> list[str]:
    """Return what a folder holds that has changed since then; nothing if it is gone."""
    try:
        found = [entry for entry in os.scandir(folder) if _mtime(entry) >= since]
    except OSError:
        return []
    return sorted(entry.path for entry in found)


def _mtime(entry: os.DirEntry[str]) -> float:
    """Return when a file changed last, by the clock; for ever ago if it is gone."""
    try:
        return entry.stat().st_mtime
    except OSError:
        return float("-inf")


def sorted_out(
    tree: Tree, changes: Iterable[tuple[int, str]], folders: frozenset[str]
) -> tuple[list[str], bool]:
    """Return the app's changed files, and whether its folders are to be looked for anew.

    `changes` are of watchfiles: 1 added, 2 modified, 3 deleted. A folder that comes is no change
    (its files are), one that goes is. A file that came and went again has never been.
    """
    files, moved = [], False
    kinds = set(changes)
    passing = {path for kind, path in kinds if kind == _DELETED and (_ADDED, path) in kinds}
    for kind, path in sorted(kinds):
        if any(_is_below(root.path, path) for root in tree.roots):
            moved = moved or kind != _MODIFIED
        elif path in folders or (os.path.isdir(path) and not os.path.islink(path)):
            gone = path in folders and kind == _DELETED
            files += [path] if gone else []
            come = path not in folders and kind == _ADDED and tree.looks_into(path)
            moved = moved or gone or come
        elif tree.concerns(path) and (path not in passing or os.path.lexists(path)):
            files.append(path)
    return files, moved


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def _above(path: str) -> str:
    """Return the nearest folder above that is there."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and folder != "/":
        folder = os.path.dirname(folder)
    return folder
