"""Apps that are watched, without a daemon: what is seen, and of which app it still holds."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from daemon.watching.tree import Tree
from daemon.watching.watch import Watch
from pm.model import AppSpec
from pm.record import replace
from pm.upkeep import WatchView

pytestmark = pytest.mark.slow


class Reloads:
    """What a watch asked for."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.asked = asyncio.Event()

    async def reload(self, _app: str, _cause: str, reason: str) -> None:
        self.reasons.append(reason)
        self.asked.set()

    def say(self, app: str, kind: str, reason: str) -> None:
        raise AssertionError((app, kind, reason))


class Watching(Watch):
    """One that lets a test wait until it looks into the folders of an app."""

    def __init__(self, home: Path, reloads: Reloads) -> None:
        super().__init__(str(home), reloads, self._in_the_background)
        self._looked_into = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def _in_the_background(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.add(asyncio.create_task(work))

    def on_watched(self, tree: Tree, folders: int) -> None:
        super().on_watched(tree, folders)
        self._looked_into.set()

    async def begin(self, spec: AppSpec) -> None:
        self._looked_into.clear()
        self.follow(spec, wanted=True)
        await asyncio.wait_for(self._looked_into.wait(), 10)


def test_a_change_before_a_stop_reloads_nothing_after_it(tmp_path: Path) -> None:
    spec = AppSpec(
        name="web", script="server.py", cwd=str(tmp_path), watch=(str(tmp_path),), watch_delay=1.0
    )

    async def body() -> None:
        reloads = Reloads()
        watch = Watching(tmp_path / "home", reloads)
        await watch.begin(spec)
        (tmp_path / "before.py").write_text("")
        watch.follow(spec, wanted=False)
        await watch.begin(spec)
        (tmp_path / "after.py").write_text("")
        await asyncio.wait_for(reloads.asked.wait(), 10)
        watch.close()
        assert reloads.reasons == ["after.py changed"]

    asyncio.run(body())


def test_by_another_spec_folders_count_once_they_are_looked_into_again(tmp_path: Path) -> None:
    polled = AppSpec(
        name="web", script="server.py", cwd=str(tmp_path), watch=(str(tmp_path),),
        watch_polling=0.05,
    )  # fmt: skip

    async def body() -> None:
        watch = Watching(tmp_path / "home", Reloads())
        await watch.begin(polled)
        assert watch.view("web") == WatchView(polled.watch, folders=1)
        told = asyncio.create_task(watch.begin(replace(polled, watch_polling=0.0)))
        await asyncio.sleep(0)
        assert watch.view("web") == WatchView(polled.watch, folders=0)
        await told
        assert watch.view("web") == WatchView(polled.watch, folders=1)
        watch.close()

    asyncio.run(body())
