"""A connection of a loop in C, while its worker is drained: who reads the next request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pm.worker import board
from pm.worker.adapters.transports import Transport
from pm.worker.sockets.conversation import BUSY, IDLE
from tests.unit.uvtransport import UvTransport


class Loop:
    """Keeps what is to be called, as a loop that has not come to it yet."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.call_soon = self.soon.append


class Conn:
    """A connection whose answer ends with `!`; its worker drains."""

    page = bytes([board.HAND_OVER])
    moved = False

    def __init__(self, movable: bool) -> None:
        self.state, self.movable = BUSY, movable

    def sent(self, data: bytes) -> None:
        self.state = IDLE if data.endswith(b"!") else BUSY

    def show(self, state: int) -> None:
        pass

    def move(self) -> bool:
        return self.movable


def test_a_request_that_follows_an_answer_at_once_is_left_to_the_next_worker() -> None:
    loop, plain = Loop(), UvTransport()
    transport = Transport(loop, plain, Conn(movable=True), None)  # type: ignore[arg-type]  # a fake
    transport.write(b"begun")
    assert plain.reading
    transport.write(b"done!")
    assert not plain.reading, "before the loop turns: a client may be quicker than the loop"
    loop.soon[-1]()
    assert plain.closing


@pytest.mark.parametrize("paused", [False, True])
def test_one_that_cannot_move_is_read_on_unless_the_app_had_paused_it(paused: bool) -> None:
    loop, plain = Loop(), UvTransport()
    transport = Transport(loop, plain, Conn(movable=False), None)  # type: ignore[arg-type]  # a fake
    if paused:
        transport.pause_reading()
    transport.write(b"done!")
    loop.soon[-1]()
    assert not plain.closing
    assert plain.reading is not paused
