"""How a worker of `cluster.fork()` is made: a fresh run of the program, without a template."""

from __future__ import annotations

import json
import os
import select
import struct
from collections.abc import Callable
from socket import SCM_RIGHTS, SOL_SOCKET
from typing import IO, TYPE_CHECKING, Any

from ..master import process
from ..master.loop import Loop
from ..master.spawn import spawn_member
from ..master.workers.readiness import Expected
from ..master.workers.restart import Exit
from ..master.workers.worker import Worker as Inner
from ..model import AppSpec

if TYPE_CHECKING:
    from .engine import Engine
    from .forked import Worker


class Exits:
    """Waits for processes one by one: the program's other children are its own business."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._fds: set[int] = set()

    def watch(self, pid: int, ended: Callable[[Exit], object]) -> None:
        """Call `ended` when a child has ended, and reap it."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:  # the program has reaped it, or ignores SIGCHLD
            ended(process.UNKNOWN)
            return
        self._fds.add(fd)

        def reap(_: int) -> None:
            self._loop.forget(fd)
            self._fds.discard(fd)
            os.close(fd)
            ended(process.reap_one(pid))

        self._loop.watch(fd, select.EPOLLIN, reap)

    def close(self) -> None:
        """Close what is waited for, in a forked child."""
        for fd in self._fds:
            os.close(fd)


class Launch:
    """What one worker is made from."""

    pid = 0
    """No template makes it."""

    def __init__(
        self, engine: Engine, member: Worker, spec: AppSpec, settings: dict[str, Any]
    ) -> None:
        self.spec = spec
        self.number = 1
        """Generation: how often the worker in this place has been reloaded."""
        self.member = member
        self.expected = Expected(False, frozenset(), whole=False)
        """What the worker has to do before it is ready."""
        self.error: OSError | None = None
        """Why it could not be made."""
        self.settings = settings
        """What else the worker is started with."""
        self.online = False
        """The worker has said that it is about to run its program."""
        self.slot = -1
        """Where it is to be; -1: where there is room."""
        self._engine = engine

    def fork(self, launch: int, order: dict[str, object], fds: list[int]) -> None:
        """Start a worker; the fds are sent and closed here."""
        link, page, drain = fds
        worker = self._engine.crew.by_launch(launch)
        assert worker is not None
        assert worker.link is not None
        rights = [(SOL_SOCKET, SCM_RIGHTS, struct.pack("2i", page, drain))]
        try:
            worker.link.sendmsg([json.dumps(self._order(launch, order)).encode()], rights)
            pid, out, error = self._spawn(link)
        except (OSError, ValueError) as failure:
            self.error = failure if isinstance(failure, OSError) else OSError(str(failure))
            return self._engine.crew.forked(launch, 0)
        finally:
            for fd in fds:
                os.close(fd)
        self.member.started(launch, pid, out, error)
        self._engine.crew.forked(launch, pid)
        self._engine.exits.watch(pid, lambda ended: self._engine.exited(pid, ended))

    def _spawn(self, link: int) -> tuple[int, IO[bytes] | None, IO[bytes] | None]:
        chosen = self.settings
        return spawn_member(self.spec, link, chosen["silent"], chosen["uid"], chosen["gid"])

    def _order(self, launch: int, order: dict[str, object]) -> dict[str, object]:
        spec = self.spec
        return {
            "id": launch, "name": spec.name, "slot": order["slot"], "generation": self.number,
            "target": spec.target.value, "script": spec.script, "args": spec.args,
            "options": spec.interpreter_args, "kill_timeout": spec.kill_timeout,
        }  # fmt: skip

    def kill(self) -> None:
        """Do nothing: there is no template that could hang."""


def launch_of(inner: Inner) -> Launch:
    """Return what a worker of the engine was made from."""
    assert isinstance(inner.generation, Launch)
    return inner.generation
