"""What is watched of one app: the folders to look into, and which changes are the app's."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pm.errors import Failed
from pm.record import dataclass

from .ignore import Ignore

MOST_FOLDERS = 10_000
"""More is a mistake: a home folder, or an environment that nothing tells from code."""

_ADDED, _MODIFIED, _DELETED = 1, 2, 3


@dataclass(frozen=True)
class Tree:
    """The paths of one app and what is ignored below them."""

    app: str
    paths: tuple[str, ...]
    ignore: Ignore

    def folders(self) -> frozenset[str]:
        """Return the folders to be looked into, one by one; raises Failed if they are too many.

        Of a file, and of a path that is not there (yet), it is the folder above: editors put a
        new file in the place of the old.
        """
        found: set[str] = set()
        for path in self.paths:
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
            below[:] = [name for name in below if not self.ignore(f"{folder}/{name}", root)]

    def concerns(self, path: str) -> bool:
        """True if a change of `path` is one of the app's."""
        root = next((one for one in self.paths if path == one or _is_below(path, one)), None)
        return root is not None and not self.ignore(path, root)


def files_in(folder: str) -> list[str]:
    """Return what a folder holds; nothing if it is gone."""
    try:
        return sorted(entry.path for entry in os.scandir(folder))
    except OSError:
        return []


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
        if any(_is_below(one, path) for one in tree.paths):
            moved = moved or kind != _MODIFIED
        elif not tree.concerns(path) or (path in passing and not os.path.lexists(path)):
            continue
        elif kind == _DELETED:
            files.append(path)
            moved = moved or path in folders
        elif os.path.isdir(path) and not os.path.islink(path):
            moved = moved or (kind == _ADDED and path not in folders)
        else:
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
