"""The two ZeroMQ sockets: requests (ROUTER) and events (PUB).

Every request is a task of its own: a long one holds up nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import zmq
import zmq.asyncio

import pm
from pm.api import REQUESTS, Envelope, ErrorBody, Reply, Request
from pm.codec import dumps, from_plain, suggest
from pm.errors import Failed, NoDaemon, PmError, UsageError
from pm.home import through
from pm.model import PROTOCOL

_log = logging.getLogger(__name__)

_LINGER = 2000  # ms for answers that are still in our buffers when we end
_LARGEST_REQUEST = 16 << 20
_TIME_TO_ANSWER = 3.0

Answer = Callable[[Envelope, Request[Any]], Awaitable[object]]


class Server:
    """Listens in one PM_HOME."""

    def __init__(self, home_fd: int) -> None:
        """Bind both sockets; the lock must be held. Raises Failed."""
        self._home_fd = home_fd
        self._context = zmq.Context(io_threads=1)
        self._requests = zmq.asyncio.Socket(self._context, zmq.ROUTER)
        self._events = self._context.socket(zmq.PUB)
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests.setsockopt(zmq.MAXMSGSIZE, _LARGEST_REQUEST)
        self._bind(self._requests, "rpc.sock")
        self._bind(self._events, "events.sock")

    def _bind(self, sock: zmq.Socket[Any], name: str) -> None:
        sock.setsockopt(zmq.LINGER, _LINGER)
        path = through(self._home_fd, name)
        try:
            sock.bind(f"ipc://{path}")
            os.chmod(path, 0o600)
        except (zmq.ZMQError, OSError) as error:
            raise Failed(f"cannot listen on {name}: {error}", "see that PM_HOME is yours") from None

    def publish(self, topic: str, body: bytes) -> None:
        """Send an event to whoever has subscribed; never waits."""
        self._events.send_multipart([topic.encode(errors="replace"), body], zmq.NOBLOCK)

    async def serve(self, answer: Answer) -> None:
        """Take requests until cancelled."""
        while True:
            frames = await self._requests.recv_multipart(copy=False)
            task = asyncio.ensure_future(self._serve_one(frames, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let the answers under way be given, bounded, and close both sockets."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_TIME_TO_ANSWER)
        for task in self._tasks:
            task.cancel()
        self._requests.close()
        self._events.close()
        self._context.term()
        for name in ("rpc.sock", "events.sock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(through(self._home_fd, name))

    async def _serve_one(self, frames: Sequence[zmq.Frame], answer: Answer) -> None:
        if len(frames) != 3 or frames[1].bytes:
            return  # no REQ socket sent this: nobody waits for an answer
        reply = await _reply(frames[2].bytes, _uid(frames[2]), answer)
        await self._requests.send_multipart([frames[0].bytes, b"", dumps(reply)])


async def _reply(raw: bytes, uid: int, answer: Answer) -> Reply:
    """Answer one request; whatever goes wrong is an answer too."""
    number = ""
    try:
        data = _data(raw)
        number = str(data.get("id", ""))
        if uid != os.geteuid():
            raise Failed("this daemon serves another user", "set PM_HOME to a folder of yours")
        envelope, request = _decode(data)
        body = await answer(envelope, request)
        return Reply(PROTOCOL, number, cast("dict[str, Any]", body))  # `dumps` makes it one
    except PmError as error:
        return _refusal(number, error)
    except Exception as error:
        _log.exception("internal error in request %s", number)
        hint = "`pm logs pm` shows where; please report it"
        return _refusal(number, Failed(f"internal error of the daemon: {error!r}", hint))


def _refusal(number: str, error: PmError) -> Reply:
    body = ErrorBody(error.code, error.message, error.hint, error.lines)
    return Reply(PROTOCOL, number, error=body)


def _data(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise UsageError("the request is not a JSON object", "docs/protocol.md describes it")
    return data


def _decode(data: dict[str, Any]) -> tuple[Envelope, Request[Any]]:
    """Decode envelope and body; another protocol is refused before they are looked at."""
    protocol = data.get("protocol")
    if protocol != PROTOCOL:
        if data.get("name") == "ping":
            return Envelope(PROTOCOL, str(data.get("id", "")), "ping"), REQUESTS["ping"]()
        raise NoDaemon(
            f"this daemon (pm {pm.__version__}, pid {os.getpid()}) speaks protocol {PROTOCOL},"
            f" the command speaks {protocol}",
            f"`kill {os.getpid()}` ends this daemon (the apps go on); then try again",
        )
    envelope = from_plain(Envelope, data, "request")
    kind = REQUESTS.get(envelope.name)
    if kind is None:
        raise UsageError(f"no request is named `{envelope.name}`", suggest(envelope.name, REQUESTS))
    return envelope, from_plain(kind, envelope.body, envelope.name)


def _uid(frame: zmq.Frame) -> int:
    """Return the uid of the process that sent it, -1 if it is not known (and so refused)."""
    try:
        # "localhost:uid:gid:pid" for ipc, from SO_PEERCRED
        return int(str(frame.get("Peer-Address")).split(":")[-3])
    except (zmq.ZMQError, ValueError, IndexError):
        return -1
