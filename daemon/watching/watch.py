"""Watched apps: what changes in their folders becomes a reload, no sooner than it is quiet."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Protocol

from pm.home import log_files
from pm.model import AppSpec
from pm.record import dataclass, replace
from pm.upkeep import WatchView

from .debounce import Begin, Changed, Debounce, Event, Reloaded, Wake, Woken, step
from .ignore import Ignore
from .tree import Tree

if TYPE_CHECKING:
    from .watcher import Watcher


Background = Callable[[Coroutine[None, None, None]], None]
"""Runs something until its end, whoever started it."""


class Reloader(Protocol):
    """Who reloads apps, and tells of it."""

    async def reload(self, app: str, cause: str, reason: str) -> None:
        """Reload an app that is wanted online; a failure is told of, not raised."""

    def say(self, app: str, kind: str, reason: str) -> None:
        """Keep an event and publish it."""


@dataclass(eq=False)
class _Watched:
    """One app that is watched."""

    spec: AppSpec
    tree: Tree
    state: Debounce
    view: WatchView
    timer: asyncio.TimerHandle | None = None


class Watch:
    """All apps that are watched."""

    def __init__(self, home: str, reloader: Reloader, background: Background) -> None:
        self._home = home
        self._background = background
        self._reloader = reloader
        self._apps: dict[str, _Watched] = {}
        self._numbers = itertools.count()
        self._watchers: dict[float, Watcher] = {}
        """By their polling, 0 where the kernel tells."""

    def follow(self, spec: AppSpec, wanted: bool) -> None:
        """Watch an app as its spec says, if it is wanted online."""
        old = self._apps.get(spec.name)
        if not wanted or not spec.watch or spec.unwatched or spec.cron:
            return self.drop(spec.name)
        number = old.tree.number if old is not None else next(self._numbers)
        tree = Tree.of(spec.name, spec.watch, self._ignored(spec), number)
        alike = old is not None and _alike(old.spec, spec) and old.tree.roots == tree.roots
        if old is not None and alike and not old.view.trouble:
            return
        view = replace(old.view, paths=spec.watch, folders=0) if old else WatchView(spec.watch)
        state = replace(old.state if old else Debounce(0), delay=spec.watch_delay)
        self._apps[spec.name] = _Watched(spec, tree, state, view, old.timer if old else None)
        self._watch(spec.watch_polling, old.spec.watch_polling if old else spec.watch_polling)

    def drop(self, name: str) -> None:
        """Watch an app no longer."""
        old = self._apps.pop(name, None)
        if old is not None:
            if old.timer is not None:
                old.timer.cancel()
            self._watch(old.spec.watch_polling)

    def view(self, name: str) -> WatchView | None:
        """Show what is watched of an app; None: nothing."""
        return self._apps[name].view if name in self._apps else None

    def close(self) -> None:
        """Watch nothing any more."""
        for name in list(self._apps):
            self.drop(name)

    def on_changed(self, tree: Tree, files: tuple[str, ...]) -> None:
        """Take note that files of an app have changed."""
        if self._current(tree) is not None:
            self._happen(tree.app, Changed(files))

    def on_watched(self, tree: Tree, folders: int) -> None:
        """Take note that so many folders are watched now."""
        if (watched := self._current(tree)) is not None:
            trouble = watched.view.trouble if not folders else ""
            watched.view = replace(watched.view, folders=folders, trouble=trouble)

    def on_trouble(self, tree: Tree, why: str) -> None:
        """Take note that an app cannot be watched."""
        watched = self._current(tree)
        if watched is not None and watched.view.trouble != why:
            watched.view = replace(watched.view, folders=0, trouble=why)
            self._reloader.say(tree.app, "watch", f"cannot be watched: {why}")

    def _current(self, tree: Tree) -> _Watched | None:
        """Return what is watched by a tree; None if the app was stopped since it was.

        A watcher tells what it has seen up to a fifth of a second later: by then the app may be
        stopped, changed and started again, with what was changed.
        """
        watched = self._apps.get(tree.app)
        return watched if watched is not None and watched.tree.number == tree.number else None

    def _happen(self, app: str, event: Event) -> None:
        watched = self._apps.get(app)
        if watched is None:
            return
        loop = asyncio.get_running_loop()
        watched.state, deed = step(watched.state, event, loop.time())
        if watched.timer is not None:
            watched.timer.cancel()
        if isinstance(deed, Wake):
            watched.timer = loop.call_at(deed.at, self._happen, app, Woken())
        elif isinstance(deed, Begin):
            self._background(self._reload(watched, deed))

    async def _reload(self, watched: _Watched, deed: Begin) -> None:
        there = sorted(deed.files, key=lambda path: not os.path.lexists(path))
        app, files = watched.spec.name, [self._shown(watched, path) for path in there]
        watched.view = replace(watched.view, file=files[0], at=time.time())
        if deed.circles:
            said = (
                f"{files[0]} changes at each reload: if the app writes it, add it to ignore_watch"
            )
            self._reloader.say(app, "watch", said)
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        try:
            await self._reloader.reload(app, "watch", f"{files[0]}{more} changed")
        finally:
            self._happen(app, Reloaded())

    def _shown(self, watched: _Watched, path: str) -> str:
        """Return a path as the user knows it: from the app's folder."""
        folder = os.path.realpath(watched.spec.cwd)
        return os.path.relpath(path, folder) if path.startswith(f"{folder}/") else path

    def _ignored(self, spec: AppSpec) -> Ignore:
        logs = [os.path.realpath(path) for path in log_files(self._home, spec) if path]
        own = (os.path.realpath(self._home), *logs)
        return Ignore(spec.ignore_watch, os.path.realpath(spec.cwd), own)

    def _watch(self, *pollings: float) -> None:
        """Have the watchers watch what is to be watched now, and nothing else."""
        for polling in set(pollings):
            trees = self._trees(polling)
            if trees and polling not in self._watchers:
                from .watcher import Watcher  # takes 20 ms, and starts a thread

                self._watchers[polling] = Watcher(self, polling)
            if trees:
                self._watchers[polling].watch(trees)
            elif polling in self._watchers:
                self._watchers.pop(polling).close()

    def _trees(self, polling: float) -> Mapping[str, Tree]:
        return {n: a.tree for n, a in self._apps.items() if a.spec.watch_polling == polling}


def _alike(one: AppSpec, other: AppSpec) -> bool:
    """True if both say the same of what is watched, and how."""
    keys = (
        "watch", "ignore_watch", "watch_delay", "watch_polling",
        "cwd", "out_file", "error_file", "log_file",
    )  # fmt: skip
    return all(getattr(one, key) == getattr(other, key) for key in keys)
