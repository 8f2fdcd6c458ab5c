"""What uvicorn's protocol knows of its connection, while its worker is drained."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from pm.worker import board
from pm.worker.adapters import uvicorns
from pm.worker.adapters.joined import Joined
from pm.worker.sockets.conversation import BUSY, CLOSING, IDLE, OPEN
from tests.unit.uvtransport import UvTransport


class Loop:
    """Keeps what is to be called."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def call_later(self, _: float, call: Callable[[], None]) -> None:
        self.later.append(call)


class Cycle:
    """A request and its answer."""

    def __init__(self, scope: object) -> None:
        self.scope = scope
        self.more_body = False
        self.response_complete = False
        self.keep_alive = True
        self.on_response: Callable[[], None] = lambda: None


class HttpToolsProtocol:
    """uvicorn's, with the attributes that are asked for."""

    def __init__(self) -> None:
        self.cycle: Cycle | None = None
        self.pipeline: deque[Cycle] = deque()
        self.scope: object = None
        self.transport = UvTransport(self, keeps=True)

    def connection_made(self, transport: UvTransport) -> None:
        self.transport = transport

    def begin(self) -> Cycle:
        """A request has come whole."""
        self.scope = object()
        self.cycle = Cycle(self.scope)
        return self.cycle


HttpToolsProtocol.__module__ = "uvicorn.protocols.http.httptools_impl"


class Conn:
    """An accepted connection."""

    moved = False

    def __init__(self, mode: int = board.SERVE) -> None:
        self.page = bytearray([mode])
        self.state, self.movable = 0, True

    def be_blind(self) -> None:
        self.state = board.BLIND

    def be_told(self, state: int) -> None:
        self.state = state

    def move(self) -> bool:
        self.moved = self.movable and self.state in (OPEN, IDLE)
        return self.moved


class Drained:
    """One connection of a worker that is drained in the middle."""

    def __init__(self, mode: int = board.HAND_OVER) -> None:
        self.loop, self.conn, self.protocol = Loop(), Conn(), HttpToolsProtocol()
        assert uvicorns.ask_later(self.loop, self.conn, self.protocol)  # type: ignore[arg-type]
        assert self.conn.state == board.BLIND, "nothing is known of it while it serves"
        self._mode = mode

    def drain(self) -> int:
        """Drain; return the state that is shown."""
        self.conn.page[0] = self._mode
        uvicorns.drain(self.loop)
        return self.conn.state

    def turn(self) -> int:
        """Let the loop turn once; return the state that is shown."""
        calls = [*self.loop.soon, *self.loop.later]
        self.loop.soon, self.loop.later = [], []
        for call in calls:
            call()
        return self.conn.state

    def answer(self) -> None:
        """End the answer, as uvicorn does."""
        cycle = self.protocol.cycle
        assert cycle is not None
        cycle.response_complete = True
        cycle.on_response()


def test_other_protocols_are_not_asked() -> None:
    class Other(HttpToolsProtocol):
        """Has all the attributes, by chance."""

    assert not uvicorns.ask_later(Loop(), Conn(), Other())  # type: ignore[arg-type]


def test_a_version_of_uvicorn_that_is_not_known_is_not_asked() -> None:
    protocol = HttpToolsProtocol()
    del protocol.pipeline
    assert not uvicorns.ask_later(Loop(), Conn(), protocol)  # type: ignore[arg-type]


def test_what_it_writes_is_joined() -> None:
    drained = Drained()
    plain = drained.protocol.transport
    drained.protocol.connection_made(plain)
    assert isinstance(drained.protocol.transport, Joined)
    assert drained.drain() == OPEN
    assert plain.closing


def test_a_new_connection_moves() -> None:
    drained = Drained()
    assert drained.drain() == OPEN
    assert drained.conn.moved
    assert drained.protocol.transport.closing


def test_one_between_requests_moves() -> None:
    drained = Drained()
    drained.protocol.begin().response_complete = True
    assert drained.drain() == IDLE
    assert drained.conn.moved


def test_a_request_under_way_is_answered_and_the_next_one_left_in_the_socket() -> None:
    drained = Drained()
    drained.protocol.begin()
    assert drained.drain() == BUSY
    assert not drained.protocol.transport.reading
    drained.answer()
    assert not drained.conn.moved, "uvicorn has more to do after it"
    assert drained.turn() == IDLE
    assert drained.conn.moved


def test_an_answer_that_waits_in_the_loop_is_sent_first() -> None:
    drained = Drained()
    drained.protocol.begin().response_complete = True
    drained.protocol.transport.unsent = 1
    assert drained.drain() == BUSY
    assert drained.turn() == BUSY
    drained.protocol.transport.unsent = 0
    assert drained.turn() == IDLE
    assert drained.conn.moved


def test_a_request_that_has_not_come_whole_is_read_on() -> None:
    drained = Drained()
    cycle = drained.protocol.begin()
    cycle.more_body = True
    assert drained.drain() == BUSY
    assert drained.turn() == BUSY
    assert drained.protocol.transport.reading
    cycle.more_body = False
    drained.turn()
    assert not drained.protocol.transport.reading
    drained.answer()
    assert drained.turn() == IDLE
    assert drained.conn.moved


def test_the_head_of_the_next_request_is_read_on() -> None:
    """uvicorn has a new scope then, and still the old cycle."""
    drained = Drained()
    drained.protocol.begin().response_complete = True
    drained.protocol.scope = object()
    assert drained.drain() == BUSY
    assert drained.turn() == BUSY
    drained.protocol.begin()
    drained.turn()
    drained.answer()
    assert drained.turn() == IDLE


def test_pipelined_requests_are_all_answered() -> None:
    drained = Drained()
    drained.protocol.begin()
    last = drained.protocol.begin()
    drained.protocol.pipeline.append(last)
    assert drained.drain() == BUSY
    assert drained.turn() == BUSY
    drained.protocol.pipeline.clear()
    drained.turn()
    drained.answer()
    assert drained.turn() == IDLE
    assert drained.conn.moved


def test_an_answer_before_the_end_of_its_request_is_the_last_one() -> None:
    drained = Drained()
    cycle = drained.protocol.begin()
    cycle.more_body = cycle.response_complete = True
    assert drained.drain() == CLOSING
    assert not drained.conn.moved


def test_a_websocket_is_blind() -> None:
    drained = Drained()
    drained.protocol.begin()
    drained.protocol.transport.protocol = object()
    assert drained.drain() == board.BLIND
    assert not drained.conn.moved


def test_a_connection_that_closes_is_left_alone() -> None:
    drained = Drained()
    drained.protocol.transport.closing = True
    assert drained.drain() == board.BLIND


def test_one_that_cannot_move_is_read_again() -> None:
    drained = Drained()
    drained.conn.movable = False
    drained.protocol.begin()
    drained.drain()
    drained.answer()
    assert drained.turn() == IDLE
    assert drained.protocol.transport.reading


def test_a_stop_waits_for_the_answer_and_moves_nothing() -> None:
    drained = Drained(board.FINISH)
    drained.protocol.begin()
    assert drained.drain() == BUSY
    assert drained.protocol.transport.reading
    drained.answer()
    assert drained.turn() == IDLE
    assert not drained.conn.moved


@pytest.mark.parametrize("mode", [board.HAND_OVER, board.FINISH])
def test_what_comes_after_the_drain_has_begun_is_asked_too(mode: int) -> None:
    loop, conn, protocol = Loop(), Conn(mode), HttpToolsProtocol()
    assert uvicorns.ask_later(loop, conn, protocol)  # type: ignore[arg-type]
    loop.soon[0]()
    assert conn.state == OPEN
    assert conn.moved is (mode == board.HAND_OVER)
