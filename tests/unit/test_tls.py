"""A followed TLS session: what it adds to the last answer, and what it tells the app."""

from __future__ import annotations

from typing import Any

import pytest

from pm.worker import board, here
from pm.worker.adapters.tls import Session

FD = 7
ASKED = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"
TOLD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"


class Plain:
    """The C object: gives what is put into it, keeps what is written."""

    def __init__(self) -> None:
        self.incoming = ASKED
        self.written: list[bytes] = []
        self.most = 1 << 20

    def read(self, size: int, buffer: bytearray | None = None) -> bytes | int:
        """Give what has come."""
        data, self.incoming = self.incoming[:size], self.incoming[size:]
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Take up to `most` bytes; none are taken by an error."""
        self.written.append(bytes(data)[: self.most])
        if not self.most:
            raise BlockingIOError
        return len(self.written[-1])


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """A board with a blind connection, of a worker that drains."""
    made = bytearray(board.SIZE + 4096)
    made[0], made[FD] = board.HAND_OVER, board.BLIND
    monkeypatch.setattr(here, "page", made)
    return made


DRAINING = pytest.mark.usefixtures("page")


@DRAINING
def test_the_last_answer_says_that_the_connection_closes() -> None:
    plain = Plain()
    session = Session(plain, FD)
    assert session.read(100) == ASKED
    assert session.write(ANSWER) == len(ANSWER)
    assert plain.written == [TOLD]
    assert session.read(100) == b""
    assert session.read(100, bytearray(100)) == 0


@DRAINING
def test_in_pieces_it_is_the_first_header() -> None:
    plain = Plain()
    session = Session(plain, FD)
    session.read(100)
    status, rest = ANSWER[:17], ANSWER[17:]
    assert [session.write(status), session.write(memoryview(rest))] == [len(status), len(rest)]
    assert plain.written == [status + b"Connection: close\r\n", rest]
    assert session.read(100) == b""


@DRAINING
def test_large_answers_are_counted_piece_by_piece() -> None:
    plain = Plain()
    session = Session(plain, FD)
    session.read(100)
    body = b"x" * 1000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body
    plain.most = 500
    while answer:
        answer = answer[session.write(answer) :]
    assert b"".join(plain.written).endswith(b"\r\n\r\n" + body)
    assert session.read(100) == b""


def test_a_write_that_would_block_is_repeated_with_the_same_bytes(page: bytearray) -> None:
    page[0] = board.SERVE
    plain = Plain()
    session = Session(plain, FD)
    session.read(100)
    plain.most = 0
    with pytest.raises(BlockingIOError):
        session.write(ANSWER)
    page[0], plain.most = board.HAND_OVER, 1 << 20
    assert session.write(ANSWER) == len(ANSWER)
    assert plain.written[-1] == ANSWER


@DRAINING
@pytest.mark.parametrize(
    "asked", [ASKED + ASKED, b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_nothing_is_added_where_that_is_not_certain(asked: bytes) -> None:
    plain = Plain()
    plain.incoming = asked
    session = Session(plain, FD)
    session.read(1000)
    session.write(ANSWER)
    assert plain.written == [ANSWER]


@DRAINING
@pytest.mark.parametrize("answer", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 Up\r\n\r\n"])
def test_nothing_is_added_to_what_is_not_final(answer: bytes) -> None:
    plain = Plain()
    session = Session(plain, FD)
    session.read(1000)
    session.write(answer)
    assert plain.written == [answer]


def test_requests_without_a_connection_of_their_own_are_shown_as_one(page: bytearray) -> None:
    page[0] = board.SERVE
    sessions = [Session(Plain()), Session(Plain())]
    seen = []
    for session in sessions:
        session.read(100)
        seen.append(board.has_busy_sessions(page))  # type: ignore[arg-type]
    sessions[0].write(ANSWER)
    seen.append(board.has_busy_sessions(page))  # type: ignore[arg-type]
    del session, sessions[1]
    seen.append(board.has_busy_sessions(page))  # type: ignore[arg-type]
    assert seen == [True, True, True, False]
