"""Parts of `pm.cluster`, where one thing comes between two others."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pm.cluster.closed import Closed
from pm.cluster.triggers import RemovalTrigger
from pm.master.loop import Loop, now


def test_a_listener_may_be_closed_again_within_the_grace_of_the_first_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = Loop()
    closed = Closed(loop, cast(Any, {}))
    first, second = cast(Any, SimpleNamespace()), cast(Any, SimpleNamespace())
    closed.add(first, "key")
    closed.add(second, "key")
    closed.ended(second)
    monkeypatch.setattr("pm.master.loop.now", lambda: now() + 2.0)
    loop.turn()  # the first time's grace is over, and means nothing any more
    loop.close()


def test_a_folder_that_goes_with_its_pid_file_reloads_too(tmp_path: Path) -> None:
    """And it is gone before the primary has seen that the file is."""
    loop = Loop()
    folder = tmp_path / "run"
    folder.mkdir()
    asked: list[float] = []
    trigger = RemovalTrigger(loop, str(folder / "primary.pid"), lambda: asked.append(now()))
    shutil.rmtree(folder)
    loop.turn()
    assert len(asked) == 1
    trigger.let_go()
    loop.close()
