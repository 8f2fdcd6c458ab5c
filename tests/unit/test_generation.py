"""A generation's template may end, or be impossible to start, at any moment."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Any

import pytest

from pm.codec import to_plain
from pm.master import spawn
from pm.master.loop import Loop
from pm.master.rolling import generation
from pm.master.rolling.generation import Generation
from pm.master.spawn import Spawned, spawn_template
from pm.model import AppSpec


class Around:
    """What a generation needs of the master: logs, and who is told of its end."""

    def __init__(self) -> None:
        self.lost: list[int] = []
        self.remarks: list[str] = []

    def add(self, fd: int, *_: object) -> None:
        os.close(fd)

    def forked(self, launch: int, pid: int) -> None: ...

    def template_ended(self, _: Generation, launches: list[int]) -> None:
        self.lost += launches

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def test_one_that_ends_at_once_has_been_started_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its end, with its last words, says what is wrong: not that nobody read its orders."""
    started = spawn.spawn

    def and_has_ended(*args: Any) -> int:
        pid = started(*args)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return pid

    monkeypatch.setattr(spawn, "spawn", and_has_ended)
    made = spawn_template(to_plain(AppSpec("web", "/web.py", "/", interpreter="/bin/false")))
    assert os.waitpid(made.pid, 0) == (made.pid, 1 << 8)
    assert made.channel.recv(1) == b""
    made.channel.close()
    os.close(made.out)
    os.close(made.error)


def test_one_that_cannot_be_started_again_without_its_preload_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its interpreter, say, has been removed since its first start."""
    loop, around = Loop(), Around()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (out, _out), (error, _error) = os.pipe(), os.pipe()

    def gone(_: object) -> Spawned:
        raise FileNotFoundError

    monkeypatch.setattr(generation, "spawn_template", gone)
    load = Generation(loop, around, around, AppSpec("web", "/web.py", "/"), 1)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as template:
        load.start(Spawned(template.pid, ours, out, error))
        load.fork(7, {}, [_out, _error])
        theirs.send(b'{"do": "template", "threads": "some.module"}')
        loop.turn()
    assert around.lost == [7]
    assert not load.alive
    theirs.close()
    loop.close()
