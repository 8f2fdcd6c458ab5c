"""The thread that looks at files, on real folders."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from daemon.watching import watcher
from daemon.watching.ignore import Ignore
from daemon.watching.tree import Tree
from daemon.watching.watcher import Watcher

pytestmark = pytest.mark.slow


class Told:
    """What a watcher has told."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: dict[str, int] = {}
        self.troubles: list[str] = []
        self._news = asyncio.Event()

    def on_changed(self, tree: Tree, files: tuple[str, ...]) -> None:
        self.files |= {f"{tree.app} {Path(file).name}" for file in files}
        self._news.set()

    def on_watched(self, tree: Tree, folders: int) -> None:
        self.folders[tree.app] = folders
        self._news.set()

    def on_trouble(self, tree: Tree, why: str) -> None:
        self.troubles.append(f"{tree.app} {why}")
        self._news.set()

    async def until(self, met: Callable[[], object]) -> None:
        """Wait until something told makes `met` true."""
        while not met():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 10)


def tree(app: str, *paths: Path) -> Tree:
    """Return what is watched of an app."""
    return Tree.of(app, map(str, paths), Ignore((), str(paths[0])))


def run(test: Callable[[Watcher, Told], Awaitable[None]], polling: float = 0.0) -> None:
    """Run a test with a watcher."""

    async def body() -> None:
        told = Told()
        found = Watcher(told, polling)
        try:
            await test(found, told)
        finally:
            found.close()

    asyncio.run(body())


def test_changes_new_folders_and_moved_ones(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"web": tree("web", tmp_path)})
        await told.until(lambda: told.folders.get("web") == 1)
        (tmp_path / "a.py").write_text("changed")
        await told.until(lambda: "web a.py" in told.files)
        (tmp_path / "src" / "deep").mkdir(parents=True)
        (tmp_path / "src" / "deep" / "b.py").write_text("")
        await told.until(lambda: "web b.py" in told.files and told.folders["web"] == 3)
        (tmp_path / "src").rename(tmp_path / "lib")
        await told.until(lambda: "web src" in told.files and told.folders["web"] == 3)
        (tmp_path / "lib" / "deep" / "c.py").write_text("")
        await told.until(lambda: "web c.py" in told.files)

    run(test)


def test_polling_sees_a_file_of_a_later_second(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"web": tree("web", tmp_path)})
        await told.until(lambda: told.folders.get("web") == 1)
        os.utime(tmp_path / "a.py", (4e9, 4e9))
        await told.until(lambda: "web a.py" in told.files)
        (tmp_path / "b.py").write_text("")
        await told.until(lambda: "web b.py" in told.files)

    run(test, polling=0.05)


def test_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"web": tree("web", app)})
        await told.until(lambda: told.folders.get("web") == 1)
        shutil.rmtree(app)
        await told.until(lambda: "web app" in told.files)
        app.mkdir()
        (app / "again.py").write_text("")
        await told.until(lambda: "web again.py" in told.files)

    run(test)


def test_several_apps_come_and_go(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = tree("one", tmp_path / "one"), tree("two", tmp_path / "two", tmp_path / "one")

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"one": one})
        await told.until(lambda: "one" in told.folders)
        watcher.watch({"one": one, "two": two})
        await told.until(lambda: told.folders.get("two") == 2)
        (tmp_path / "one" / "a.py").write_text("")
        await told.until(lambda: {"one a.py", "two a.py"} <= told.files)
        watcher.watch({"two": two})
        told.folders.clear()
        (tmp_path / "two" / "b.py").write_text("")
        await told.until(lambda: "two b.py" in told.files)
        assert "one b.py" not in told.files

    run(test)


def test_limits_of_the_kernel_are_told_and_what_is_watched_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    def limited(paths: list[str], *options: Any) -> RustNotify:
        if len(paths) > 1:
            raise WatchfilesRustInternalError("OS file watch limit reached (os error 28)")
        return RustNotify(paths, *options)

    monkeypatch.setattr(watcher, "RustNotify", limited)
    one, two = tree("one", tmp_path / "one"), tree("two", tmp_path / "two")

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"one": one})
        await told.until(lambda: "one" in told.folders)
        watcher.watch({"one": one, "two": two})
        await told.until(lambda: told.troubles)
        assert told.troubles[0].startswith("two OS file watch limit reached")
        assert "sysctl fs.inotify.max_user_watches=" in told.troubles[0]
        (tmp_path / "one" / "a.py").write_text("")
        await told.until(lambda: "one a.py" in told.files)

    run(test)


def test_a_name_that_is_no_text_ends_nothing(tmp_path: Path) -> None:
    async def test(watcher: Watcher, told: Told) -> None:
        os.mkdir(os.fsencode(tmp_path) + b"/\xfe")
        watcher.watch({"web": tree("web", tmp_path)})
        await told.until(lambda: "web" in told.folders)
        told.folders.clear()
        os.mknod(os.fsencode(tmp_path) + b"/\xff")
        await told.until(lambda: "web" in told.folders)
        (tmp_path / "a.py").write_text("")
        await told.until(lambda: "web a.py" in told.files)

    run(test)


def test_a_folder_that_is_back_with_its_files_when_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    folders = Tree.folders

    def back(self: Tree) -> frozenset[str]:
        if not app.exists():
            app.mkdir()
            (app / "again.py").write_text("")
        return folders(self)

    async def test(watcher: Watcher, told: Told) -> None:
        watcher.watch({"web": tree("web", app)})
        await told.until(lambda: told.folders.get("web") == 1)
        monkeypatch.setattr(Tree, "folders", back)
        shutil.rmtree(app)
        await told.until(lambda: "web again.py" in told.files)

    run(test)
