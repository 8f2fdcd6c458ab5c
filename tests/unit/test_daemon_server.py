"""What the server makes of a request before any handler sees it."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from daemon.requests.server import _reply
from pm.api import Envelope, Pong, Reply, Request

PING = b'{"protocol":1,"id":"7","name":"ping"}'


def ask(raw: bytes, uid: int, fail: Exception | None = None) -> Reply:
    async def answer(_envelope: Envelope, _request: Request[Any]) -> object:
        if fail is not None:
            raise fail
        return Pong(1, "1", 1, "/h")

    return asyncio.run(_reply(raw, uid, answer))


def test_our_own_user_is_served() -> None:
    assert ask(PING, os.geteuid()).error is None


@pytest.mark.parametrize("uid", [os.geteuid() + 1, -1])
def test_another_user_or_an_unknown_one_is_refused(uid: int) -> None:
    error = ask(PING, uid).error
    assert error is not None
    assert error.message == "this daemon serves another user"


def test_an_error_of_ours_is_an_answer_without_a_traceback() -> None:
    reply = ask(PING, os.geteuid(), ValueError("boom"))
    assert reply.id == "7"
    assert reply.error is not None
    assert "internal error" in reply.error.message
