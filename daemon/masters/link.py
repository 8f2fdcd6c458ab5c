"""One master: its process, and the control connection to it, on the daemon's loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal as signals
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pm.api import ErrorBody
from pm.codec import from_plain, to_plain
from pm.control import Command, Done, Forward, Forwarded, Happened, Keep, Op, Status
from pm.errors import ConfigError, Failed, error_of
from pm.model import AppSpec
from pm.wire import Broken, Channel

from .process import Process

_TIME_TO_EXIT = 5.0


class Owner(Protocol):
    """Who a link reports to."""

    def on_status(self, status: Status) -> None:
        """Take the master's state."""

    def on_happened(self, happened: Happened, request: str) -> None:
        """Take an event; `request` is the id of the user's request it is progress of."""

    def on_forward(self, forward: Forward, answer: Callable[[Forwarded], None]) -> None:
        """Deliver a message to another app, and answer."""

    def on_keep(self, keys: Sequence[str], fds: Sequence[int]) -> None:
        """Take over dups of the listeners; no fds: there was no room for them."""

    def on_end(self, link: Link) -> None:
        """Learn that the master has gone."""


class Link:
    """Commands to a master and its answers; ends with the process, and the process with it."""

    def __init__(self, channel: Channel, process: Process, nonce: str, owner: Owner) -> None:
        self.process = process
        self.nonce = nonce
        self.leaving = False
        """True once it has been told to stop: its end is no accident."""
        self.reason = ""
        """Why it ended, in words."""
        self._channel = channel
        self._owner = owner
        self._last_id = 0
        self._pending: dict[int, tuple[asyncio.Future[Done], str]] = {}
        self._cut = asyncio.Event()
        asyncio.get_running_loop().add_reader(channel.fileno(), self._readable)
        self._watch = asyncio.ensure_future(self._until_gone())

    async def call(
        self,
        op: Op,
        request: str = "",
        slots: tuple[int, ...] | None = None,
        spec: AppSpec | None = None,
        **fields: Any,
    ) -> str:
        """Send a command and wait for its end; returns what the master says was done.

        `fields` are others of `Command`, some of which are any JSON. Raises the master's
        PmError, or Failed if the master ends first.
        """
        if self._cut.is_set():
            raise self._lost()
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._pending[number] = (answer, request)
        try:
            self._send("command", Command(number, op, self.nonce, slots, spec, **fields))
            done = await answer
        finally:
            del self._pending[number]
        if done.error is not None:
            raise _error(done.error)
        return done.text

    def kill(self) -> None:
        """SIGKILL a master that does not answer."""
        self.process.send(signals.SIGKILL)  # not its group: the template is the workers' warden

    async def gone(self) -> None:
        """Wait until the master has ended and the owner knows."""
        await asyncio.shield(self._watch)

    def leave(self) -> None:
        """Let go of a living master: the next daemon will find it."""
        self._watch.cancel()
        self._close()
        hint = "the app's master goes on with it: see `pm list`"
        self._fail_pending(Failed("the daemon ended before this was done", hint))
        self.process.release()

    def _send(self, kind: str, body: Command | Forwarded) -> None:
        self._channel.send(kind, to_plain(body))
        if self._channel.wants_write:
            asyncio.get_running_loop().add_writer(self._channel.fileno(), self._writable)

    def _forwarded(self, forwarded: Forwarded) -> None:
        if not self._cut.is_set():
            self._send("forwarded", forwarded)

    def _writable(self) -> None:
        self._channel.flush()
        if not self._channel.wants_write or self._channel.closed:
            asyncio.get_running_loop().remove_writer(self._channel.fileno())

    def _readable(self) -> None:
        try:
            for kind, body, fds in self._channel.receive():
                self._take(kind, body, fds)
        except (Broken, ConfigError) as error:
            self.reason = f"it broke the protocol: {error}"
            self._channel.closed = True
        if self._channel.closed:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._cut.set()

    def _take(self, kind: str, body: Any, fds: list[int]) -> None:
        if kind == "keep":
            self._take_keep(body, fds)
            return
        for fd in fds:
            os.close(fd)
        if kind == "status":
            self._owner.on_status(from_plain(Status, body))
        elif kind == "happened":
            happened = from_plain(Happened, body)
            _, request = self._pending.get(happened.request, (None, ""))
            self._owner.on_happened(happened, request)
        elif kind == "forward":
            self._owner.on_forward(from_plain(Forward, body), self._forwarded)
        elif kind == "done":
            done = from_plain(Done, body)
            answer, _ = self._pending.get(done.id, (None, ""))
            if answer is not None and not answer.done():
                answer.set_result(done)
        else:
            raise Broken(f"a message of kind {kind!r} with {len(fds)} descriptors")

    def _take_keep(self, body: Any, fds: list[int]) -> None:
        try:
            keys = from_plain(Keep, body).keys
            if fds and not len(keys) == len(set(keys)) == len(fds):
                raise Broken(f"{len(keys)} keys with {len(fds)} descriptors")
        except (Broken, ConfigError):
            for fd in fds:
                os.close(fd)
            raise
        self._owner.on_keep(keys, fds)

    async def _until_gone(self) -> None:
        exited = asyncio.ensure_future(self.process.ended.wait())
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait((exited, cut), return_when=asyncio.FIRST_COMPLETED)
        finally:
            exited.cancel()
            cut.cancel()
        if not await self.process.gone_within(_TIME_TO_EXIT):
            self.reason = self.reason or "it closed its connection and did not exit"
            self.kill()
            await self.process.ended.wait()
        if not self._cut.is_set():
            self._readable()
        self._cut.set()
        self.reason = self.reason or self.process.exit_words
        self._close()
        self._fail_pending(self._lost())
        self._owner.on_end(self)

    def _fail_pending(self, error: Failed) -> None:
        for answer, _ in self._pending.values():
            if not answer.done():
                answer.set_exception(error)

    def _close(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError):
            loop.remove_reader(self._channel.fileno())
            loop.remove_writer(self._channel.fileno())
        self._channel.close()

    def _lost(self) -> Failed:
        return Failed(f"the app's master died: {self.reason}", "`pm logs pm` shows its last words")


def _error(body: ErrorBody) -> Exception:
    return error_of(body.code, body.message, body.hint, body.lines)
