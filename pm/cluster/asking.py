"""Requests to another worker of the app, by its slot.

Two functions: `request` waits, `arequest` is awaited. One that did either, by whether an event
loop runs, would return now an answer and now a coroutine, and a helper called from both would
break in one of them.
"""

from __future__ import annotations

import json
import os
import select
import time

from ..worker import here
from ..worker.link import RAW, take
from ..worker.messages.mailerrors import NotInCluster, RequestFailed
from ..worker.messages.post import encode

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_GRACE = 5.0
"""Seconds after the timeout for a master that is slow to say that it has passed."""


def request(slot: int, message: Any, timeout: float = 30.0) -> Any:
    """Ask the worker of a slot, and wait for what its `@pm.on_request` function returns.

    Raises RequestFailed with the reason if there is no answer: nobody is there, the worker dies,
    its function raises, `timeout` seconds pass. NotInCluster without a master; TypeError and
    MessageTooLarge as `pm.send`.
    """
    sock = _question(slot, message, timeout)
    try:
        wait(sock, timeout + _GRACE)
        return _answer(sock)
    finally:
        sock.close()


async def arequest(slot: int, message: Any, timeout: float = 30.0) -> Any:
    """Ask as `request` does, without holding up the asyncio loop."""
    sock = _question(slot, message, timeout)
    try:
        await readable(sock, timeout + _GRACE)
        return _answer(sock)
    finally:
        sock.close()


def _question(slot: int, message: Any, timeout: float) -> RAW:
    body = encode(message)
    if here.link is None:
        raise NotInCluster("there is no worker to ask: the program does not run under a master")
    head: dict[str, object] = {
        "do": "request", "slot": int(slot), "timeout": float(timeout), "pid": os.getpid(),
    }  # fmt: skip
    try:
        return here.link.question(head, [], body)
    except OSError:
        raise RequestFailed("the master is gone") from None


def _answer(sock: RAW) -> Any:
    try:
        head, body, _ = take(sock)
    except OSError:
        raise RequestFailed("the master is gone, or takes no requests") from None
    if "failed" in head:
        raise RequestFailed(str(head["failed"]))
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise RequestFailed("the answer is not JSON") from None


def wait(sock: RAW, seconds: float | None) -> None:
    """Wait for an answer, in the way of gevent where that has replaced poll.

    Raises RequestFailed after so many seconds; None waits as long as it takes.
    """
    waiter = select.poll()
    waiter.register(sock.fileno(), select.POLLIN)
    deadline = None if seconds is None else time.monotonic() + seconds
    while not waiter.poll(None if deadline is None else _milliseconds_to(deadline)):
        if deadline is not None and time.monotonic() >= deadline:
            raise _late(seconds or 0)


def _milliseconds_to(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic()) * 1000


async def readable(sock: RAW, seconds: float | None) -> None:
    """Wait as `wait` does, in an asyncio loop."""
    import asyncio

    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock.fileno(), wake)
    try:
        await asyncio.wait_for(ready, seconds)
    except asyncio.TimeoutError:
        raise _late(seconds or 0) from None
    finally:
        loop.remove_reader(sock.fileno())


def _late(seconds: float) -> RequestFailed:
    return RequestFailed(f"the master has not answered within {seconds:g} s")
