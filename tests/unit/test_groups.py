"""What is left of a worker's process group, and processes that are not ours to signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pm.master import process
from pm.master.workers.groups import Groups


class Clock:
    """A loop whose timers are fired by hand."""

    def __init__(self) -> None:
        self.timers: list[Callable[[], None]] = []

    def call_at(self, _: float, action: Callable[[], None]) -> Any:
        self.timers.append(action)
        return SimpleNamespace(cancel=lambda: None)


def test_a_group_that_nobody_tells_of_any_more_keeps_no_stop_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that has left the group never reaps its child: no signal comes, the zombie stays."""
    sent: list[int] = []
    emptied: list[bool] = []
    monkeypatch.setattr(process, "group_lives", lambda _: True)
    monkeypatch.setattr(process, "send_group", lambda _, number: sent.append(number))
    clock = Clock()
    groups = Groups(cast(Any, clock), lambda: emptied.append(True))
    groups.add(4711, 10.0)
    for action in clock.timers:
        action()
    assert sent == [signal.SIGTERM, signal.SIGKILL]
    assert (len(groups), emptied) == (0, [True])


def test_a_group_that_has_emptied_unseen_is_found_at_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lives = [True]
    monkeypatch.setattr(process, "group_lives", lambda _: lives[0])
    monkeypatch.setattr(process, "send_group", lambda *_: None)
    clock = Clock()
    groups = Groups(cast(Any, clock), lambda: None)
    groups.add(4711, 10.0)
    lives[0] = False
    clock.timers[0]()
    assert len(groups) == 0


def test_a_process_of_another_user_ends_no_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may have become another user by itself (sudo)."""

    def kill(_pid: int, _number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", kill)
    process.send(4711, signal.SIGTERM)


def test_what_a_holder_forks_while_holders_are_killed_is_killed_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, killed = [{1}, {1, 2}, {2}, {2, 3}, set[int]()], list[int]()
    monkeypatch.setattr(process, "_holders_of", lambda _: found.pop(0))
    monkeypatch.setattr(process, "send", lambda pid, _: killed.append(pid))
    process.kill_holders("pipe:[1]")
    assert killed == [1, 2]
    process.kill_holders("pipe:[1]")
    assert killed == [1, 2, 2, 3]
