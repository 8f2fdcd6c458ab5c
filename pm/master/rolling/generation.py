"""One load of the app's code: its template, and the orders to fork that it has not answered."""

from __future__ import annotations

import _socket
import json
import os
import select
import signal
import socket
import struct
from contextlib import suppress
from typing import Any, Protocol

from ...codec import to_plain
from ...model import AppSpec, Mode
from .. import process
from ..loop import Loop
from ..output.pipes import TEMPLATE_SLOT, Logs
from ..spawn import Spawned, spawn_template

_LARGEST = 1 << 17
_LONGEST_NAME = 200
"""Of a module."""


class Owner(Protocol):
    """Who is told what a template does."""

    def forked(self, launch: int, pid: int) -> None:
        """Take note that a worker was forked (pid 0: it was not)."""

    def template_ended(self, generation: Generation, launches: list[int]) -> None:
        """Take note that the template is gone, with these launches unanswered."""

    def remark(self, text: str) -> None:
        """Take note of something for `describe`."""


class Generation:
    """A spec as it was loaded, and the process that forks from it (none in fork mode)."""

    def __init__(self, loop: Loop, logs: Logs, owner: Owner, spec: AppSpec, number: int) -> None:
        self.spec = spec
        self.number = number
        self.pid = 0
        self.alive = False
        self._loop = loop
        self._logs = logs
        self._owner = owner
        self._channel: _socket.socket | None = None
        self.proven = False
        """True once its template was ready to fork."""
        self._ready = False
        self._preload = spec.preload
        self._orders: dict[int, tuple[dict[str, object], list[int]]] = {}
        self._answered: set[int] = set()

    @property
    def clustered(self) -> bool:
        """True if its workers are forked from a template."""
        return self.spec.exec_mode is Mode.CLUSTER

    def start(self, spawned: Spawned | None = None) -> None:
        """Spawn the template, unless it is `spawned` already.

        Raises OSError if interpreter or cwd are not usable.
        """
        if spawned is None:
            plain = to_plain(self.spec)
            spawned = spawn_template({**plain, "preload": list(self._preload)})
        self.pid, self._channel = spawned.pid, spawned.channel
        self.alive, self._ready = True, False
        self._logs.add(spawned.out, "out", TEMPLATE_SLOT, self.pid)
        self._logs.add(spawned.error, "error", TEMPLATE_SLOT, self.pid)
        self._loop.watch(self._channel.fileno(), select.EPOLLIN, self._on_message)

    def fork(self, launch: int, order: dict[str, object], fds: list[int]) -> None:
        """Order a worker; the fds are sent and closed here."""
        self._orders[launch] = ({**order, "do": "fork", "id": launch}, fds)
        if self._ready:
            self._send(launch)

    def _send(self, launch: int) -> None:
        order, fds = self._orders[launch]
        if launch in self._answered or self._channel is None:
            return
        self._answered.add(launch)
        rights = struct.pack(f"{len(fds)}i", *fds)
        carried = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        with suppress(OSError):  # it has just died: end of file follows
            self._channel.sendmsg([json.dumps(order).encode()], carried)
        for fd in fds:
            os.close(fd)

    def _on_message(self, _: int) -> None:
        assert self._channel is not None
        try:
            raw = self._channel.recv(_LARGEST, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            raw = b""
        if not raw:
            return self._ended()
        try:
            self._take(json.loads(raw))
        except (ValueError, KeyError, TypeError):  # not the template's words, but the app's
            self.kill()

    def _take(self, message: dict[str, Any]) -> None:
        if message["do"] == "forked":
            launch, pid = int(message["id"]), int(message["pid"])
            self._orders.pop(launch)
            self._owner.forked(launch, pid)
        elif message["threads"]:
            self._go_cold(str(message["threads"])[:_LONGEST_NAME])
        else:
            self._ready = self.proven = True
            for launch in list(self._orders):
                self._send(launch)

    def _go_cold(self, module: str) -> None:
        """Start again without preload: a process with threads must not fork."""
        self._owner.remark(f"preload: `{module}` started threads, so workers start without preload")
        self.close()
        self._preload = ()
        try:
            self.start()
        except OSError:  # its interpreter has been removed, say
            self._ended()

    def _ended(self) -> None:
        self.alive = False
        self.close()
        launches = list(self._orders)
        for launch, (_, fds) in self._orders.items():
            if launch not in self._answered:
                for fd in fds:
                    os.close(fd)
        self._orders.clear()
        self._owner.template_ended(self, launches)

    def kill(self) -> None:
        """Kill a template that hangs; its end is then seen as any other."""
        if self.alive:
            process.send_group(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the template; workers that it forked live on with the master."""
        if self.alive:
            # before the end of file: as a warden it would stop its workers
            process.send(self.pid, signal.SIGKILL)
            self.alive = False
        if self._channel is not None:
            self._loop.forget(self._channel.fileno())
            self._channel.close()
            self._channel = None
