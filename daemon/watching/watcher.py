"""One thread that looks at the files of all watched apps, by watchfiles.

watchfiles would watch whole trees, environments and node_modules too, and each folder costs the
kernel a watch. So it is given the folders that matter, one by one, and others when they change.
It wakes ten times a second to see what the kernel has told it: for all apps together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, TypeVar

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from pm.errors import Failed

from .tree import Tree, files_in, sorted_out

_log = logging.getLogger(__name__)

_STEP = 100
"""Milliseconds between two looks at what the kernel has told."""
_PAUSE = 1.0
"""Seconds after watchfiles has failed, so that a name it cannot read keeps nobody busy."""

T = TypeVar("T")
Change = tuple[int, str]
"""What watchfiles tells: 1 added, 2 modified, 3 deleted, and the path."""


class Listener(Protocol):
    """Who is told, on the daemon's loop."""

    def on_changed(self, tree: Tree, files: tuple[str, ...]) -> None:
        """Take note that files of an app have changed."""

    def on_watched(self, tree: Tree, folders: int) -> None:
        """Take note that so many folders are watched now."""

    def on_trouble(self, tree: Tree, why: str) -> None:
        """Take note that an app cannot be watched."""


class Watcher:
    """Looks at files until it is closed."""

    def __init__(self, listener: Listener, polling: float) -> None:
        """Begin; with `polling` each file is looked at every so many seconds."""
        self._listener = listener
        self._polling = polling
        self._loop = asyncio.get_running_loop()
        self._wanted: Mapping[str, Tree] = {}
        self._fresh = threading.Event()
        """Set when other trees are wanted than those that are watched."""
        self._closed = False
        self._notify: RustNotify | None = None
        self._trees: Mapping[str, Tree] = {}
        self._folders: dict[str, frozenset[str]] = {}
        """Those watched of each app."""
        self._moved: set[str] = set()
        """Apps whose folders are to be looked for anew."""
        self._seen = time.time()
        """When changes were last asked for."""
        self._blind_since = math.inf
        """When watchfiles last told of changes before it failed; infinite: it has not."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def watch(self, trees: Mapping[str, Tree]) -> None:
        """Watch these apps from now on, by name."""
        self._wanted = dict(trees)
        self._fresh.set()

    def close(self) -> None:
        """End soon; nobody waits for it."""
        self._closed = True
        self._fresh.set()

    # In the thread.

    def _run(self) -> None:
        try:
            self._fresh.wait()
            while not self._closed:
                self._fresh.clear()
                self._renew(self._wanted)
                while not (self._fresh.is_set() or self._moved):
                    self._look()
        except Exception:
            _log.exception("internal error while watching files")

    def _look(self) -> None:
        if self._notify is None:
            self._fresh.wait()
        else:
            try:
                self._take(_changes(self._notify, _STEP))
            except WatchfilesRustInternalError as error:  # it tells of nothing else any more
                _log.warning("watching files anew: %s", error)
                self._moved.update(self._trees)
                self._blind_since = min(self._blind_since, self._seen)
                self._fresh.wait(_PAUSE)
            self._seen = time.time()

    def _take(self, changes: Collection[Change]) -> None:
        for name, tree in self._trees.items():
            files, moved = sorted_out(tree, changes, self._folders[name])
            if files:
                self._tell(self._listener.on_changed, tree, tuple(sorted(set(files))))
            if moved:
                self._moved.add(name)
                # one that is back by then is looked into as a new one: its files may be there
                self._folders[name] -= {path for _, path in changes}

    def _renew(self, trees: Mapping[str, Tree]) -> None:
        """Watch other folders; nothing that happens meanwhile is lost."""
        same = {n for n, t in trees.items() if self._trees.get(n) is t and n not in self._moved}
        self._moved.clear()
        folders = {n: self._folders[n] if n in same else self._scan(t) for n, t in trees.items()}
        fresh = trees.keys() - same
        try:
            notify = self._opened(folders)
        except FileNotFoundError:  # a folder has gone meanwhile
            return self._moved.update(trees)
        except (OSError, ValueError, WatchfilesRustInternalError) as error:
            folders |= dict.fromkeys(fresh, frozenset())
            notify = self._opened(folders) if same else None
            for name in fresh:
                self._tell(self._listener.on_trouble, trees[name], _explained(error))
            fresh = set()
        again = [n for n in fresh if self._trees.get(n) is trees[n]]
        new = {folder for n in again for folder in folders[n] - self._folders[n]}
        missed = [(1, path) for folder in new for path in files_in(folder)]
        if self._notify is not None:
            with contextlib.suppress(WatchfilesRustInternalError):
                missed += _changes(self._notify, 1)
        missed += [(2, path) for one in folders.values() for path in self._unseen(one)]
        self._blind_since = math.inf
        self._notify, self._trees, self._folders = notify, trees, folders
        for name in fresh:
            self._tell(self._listener.on_watched, trees[name], len(folders[name]))
        self._take(missed)

    def _unseen(self, folders: Iterable[str]) -> list[str]:
        """Return what has changed since watchfiles was last of use, if it has failed."""
        if self._blind_since == math.inf:
            return []
        return [path for folder in folders for path in files_in(folder, self._blind_since)]

    def _scan(self, tree: Tree) -> frozenset[str]:
        try:
            return tree.folders()
        except Failed as error:
            self._tell(self._listener.on_trouble, tree, error.message)
            return frozenset()

    def _opened(self, folders: Mapping[str, frozenset[str]]) -> RustNotify | None:
        every = {one for found in folders.values() for one in found}
        paths = sorted(one for one in every if os.path.isdir(one))
        polling = self._polling > 0
        pause = round(self._polling * 1000)
        return RustNotify(paths, False, polling, pause, False, True) if paths else None

    def _tell(self, method: Callable[[Tree, T], None], tree: Tree, what: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(method, tree, what)


def _changes(notify: RustNotify, step: int) -> set[Change]:
    """Wait for changes, some `step` milliseconds.

    Never with an event to stop it: watchfiles then forgets what it has not told yet.
    """
    found = notify.watch(1, step, step, None)
    return set() if isinstance(found, str) else found


def _explained(error: Exception) -> str:
    """Say what the kernel refused, and what to do."""
    text = str(error)
    if "os error 24" in text:
        return f"{text}; raise it: sysctl fs.inotify.max_user_instances=512"
    if "os error 28" in text or "watch limit" in text:
        return f"{text}; raise it: sysctl fs.inotify.max_user_watches=524288"
    return text
