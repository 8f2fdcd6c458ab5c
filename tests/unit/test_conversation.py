"""Is the connection between requests? One exchange at a time, by table."""

from __future__ import annotations

import pytest

from pm.worker.sockets.conversation import (
    BUSY,
    CLOSING,
    IDLE,
    OPAQUE,
    OPAQUE_ANSWERED,
    OPEN,
    Conversation,
    looks_like_request,
)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Step = tuple[str, bytes, int]


def play(*steps: Step) -> Conversation:
    """Check the state after each step: `<` received, `>` sent."""
    talk = Conversation()
    assert talk.state == OPEN
    for number, (way, data, state) in enumerate(steps):
        (talk.received if way == "<" else talk.sent)(data)
        assert talk.state == state, f"step {number}: {data!r} gave {talk.state}"
    return talk


GOOD: dict[str, list[Step]] = {
    "one exchange": [("<", GET, BUSY), (">", OK, IDLE)],
    "two, the same to the byte": [("<", GET, BUSY), (">", OK, IDLE)] * 2,
    "nothing sent": [("<", GET, BUSY), (">", b"", BUSY), (">", OK, IDLE), (">", b"", IDLE)],
    "head, then body": [("<", GET, BUSY), (">", OK[:-2], BUSY), (">", OK[-2:], IDLE)] * 2,
    "status line first": [("<", GET, BUSY), (">", OK[:17], BUSY), (">", OK[17:], IDLE)],
    "request in pieces": [("<", GET[:1], BUSY), ("<", GET[1:20], BUSY), ("<", GET[20:], BUSY)],
    "body in pieces": [("<", POST, BUSY), ("<", b"ab", BUSY), ("<", b"c", BUSY), (">", OK, IDLE)],
    "answered before the body came": [
        ("<", POST, BUSY), (">", OK, BUSY), ("<", b"ab", BUSY), ("<", b"c", IDLE)],
    "the next begins right behind": [
        ("<", POST + b"abc" + GET[:9], BUSY), (">", OK, BUSY), ("<", GET[9:], BUSY),
        (">", OK, IDLE)],
    "pipelined, answered at once": [("<", GET * 3, BUSY), (">", OK, BUSY), (">", OK * 2, IDLE)],
    "continue is no answer": [
        ("<", POST, BUSY), (">", b"HTTP/1.1 100 Continue\r\n\r\n", BUSY), ("<", b"abc", BUSY),
        (">", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, IDLE)] * 2,
    "head has no body": [
        ("<", b"HEAD / HTTP/1.1\r\n\r\n", BUSY), (">", OK[:-2], IDLE), ("<", GET, BUSY),
        (">", OK[:-2], BUSY), (">", b"ok", IDLE)],
    "204 and 304 have none": [
        ("<", GET, BUSY), (">", b"HTTP/1.1 204 No Content\r\n\r\n", IDLE),
        ("<", GET, BUSY), (">", b"HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n", IDLE)],
    "chunks that contain their own end": [
        ("<", GET, BUSY), (">", CHUNKED, BUSY), (">", b"5\r\n0\r\n\r\n", BUSY),
        (">", b"\r\n", BUSY), (">", b"0\r\n", BUSY), (">", b"\r\n", IDLE)],
    "trailer": [
        ("<", GET, BUSY), (">", CHUNKED + b"a;x=1\r\n0123456789\r\n0\r\nA: b\r\n", BUSY),
        (">", b"\r\n", IDLE)],
    "chunked request": [
        ("<", b"PUT / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\n3\r\nab", BUSY),
        (">", OK, BUSY), ("<", b"c\r\n0\r\n\r\n", IDLE)],
    "empty lines before a request": [
        ("<", GET, BUSY), (">", OK, IDLE), ("<", b"\r\n", IDLE), ("<", b"\r\n" + GET, BUSY),
        (">", OK, IDLE)],
    "half an empty line": [
        ("<", GET, BUSY), (">", OK, IDLE), ("<", b"\r", BUSY), ("<", b"\n", IDLE)],
    "until the end": [
        ("<", GET, BUSY), (">", b"HTTP/1.1 200 OK\r\n\r\nx", BUSY), (">", b"y" * 9999, BUSY)],
}  # fmt: skip

LAST: dict[str, list[Step]] = {
    "request says close": [
        ("<", b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", BUSY), (">", OK, CLOSING)],
    "response says close": [
        ("<", GET, BUSY), (">", OK.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"), CLOSING)],
    "old request": [("<", b"GET / HTTP/1.0\r\n\r\n", BUSY), (">", OK, CLOSING)],
    "old server": [("<", GET, BUSY), (">", OK.replace(b"1.1", b"1.0"), CLOSING)],
    "client has closed its half": [("<", GET, BUSY), ("<", b"", BUSY), (">", OK, CLOSING)],
    "client has closed": [("<", GET, BUSY), (">", OK, IDLE), ("<", b"", CLOSING)],
    "it went on all the same": [
        ("<", b"GET / HTTP/1.0\r\n\r\n", BUSY), (">", OK, CLOSING), ("<", GET, BUSY),
        (">", OK, CLOSING)],
}  # fmt: skip

STRANGE: dict[str, list[Step]] = {
    "TLS": [("<", b"\x16\x03\x01\x02", OPAQUE), (">", b"\x16", OPAQUE_ANSWERED)],
    "HTTP/2": [("<", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", OPAQUE)],
    "server speaks first": [(">", b"220 mail\r\n", OPAQUE_ANSWERED), ("<", b"EHLO", OPAQUE)],
    "websocket": [
        ("<", GET, BUSY), (">", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", OPAQUE_ANSWERED)],
    "connect": [("<", b"CONNECT a:1 HTTP/1.1\r\n\r\n", OPAQUE)],
    "no version": [("<", b"GET /\r\n", OPAQUE)],
    "more than announced": [("<", GET, BUSY), (">", OK + b"k", OPAQUE_ANSWERED)],
    "two lengths": [("<", POST[:-2] + b"Content-Length: 3\r\n\r\n", OPAQUE)],
    "length and chunks": [("<", POST[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", OPAQUE)],
    "other coding": [("<", b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", OPAQUE)],
    "length that is none": [("<", b"PUT / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", OPAQUE)],
    "length with a space": [("<", b"PUT / HTTP/1.1\r\nContent-Length : 3\r\n\r\n", OPAQUE)],
    "folded length": [("<", b"PUT / HTTP/1.1\r\nContent-Length:\r\n 3\r\n\r\n", OPAQUE)],
    "bare line feeds": [("<", b"GET / HTTP/1.1\r\nA: b\n\nxxxx\r\n\r\n", OPAQUE)],
    "not even one carriage return": [("<", b"GET / HTTP/1.1\nA: b\n\n", OPAQUE)],
    "bad chunk": [("<", GET, BUSY), (">", CHUNKED + b"0x5\r\n", OPAQUE_ANSWERED)],
    "chunk without end": [("<", GET, BUSY), (">", CHUNKED + b"1\r\nabc", OPAQUE_ANSWERED)],
    "endless head": [("<", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000, OPAQUE)],
    "flood": [("<", GET * 1001, OPAQUE)],
}  # fmt: skip


@pytest.mark.parametrize("name", [*GOOD, *LAST, *STRANGE])
def test_states(name: str) -> None:
    """Each story ends every step in the state it tells."""
    play(*{**GOOD, **LAST, **STRANGE}[name])


def test_old_keepalive_needs_both_sides() -> None:
    """HTTP/1.0 stays open only if asked for and granted."""
    asked = b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    granted = OK.replace(b"OK\r\n", b"OK\r\nConnection: keep-alive\r\n")
    play(("<", asked, BUSY), (">", granted, IDLE), ("<", asked, BUSY), (">", OK, CLOSING))


def test_any_kind_of_bytes() -> None:
    """Buffers that the app passes need not be bytes."""
    talk = Conversation()
    talk.received(memoryview(GET))
    talk.sent(bytearray(OK[:30]))
    talk.sent(memoryview(OK)[30:])
    assert talk.state == IDLE


def test_opaque_tells_who_spoke_last() -> None:
    """That is all that is known of it."""
    talk = Conversation()
    talk.received(b"\0")
    assert talk.state == OPAQUE
    talk.sent(b"\0")
    assert talk.state == OPAQUE_ANSWERED
    talk.sent_unseen(1)
    assert talk.state == OPAQUE_ANSWERED
    talk.received(b"\0")
    assert talk.state == OPAQUE


def test_opaque_is_not_answered_while_more_waits_to_be_sent() -> None:
    """The connection took a part, or nothing."""
    talk = Conversation()
    talk.sent(b"220 mail\r\n")
    talk.waits()
    assert talk.state == OPAQUE
    talk.sent(b"\0")
    assert talk.state == OPAQUE_ANSWERED


def test_what_waits_to_be_sent_is_known_of_http() -> None:
    talk = Conversation()
    talk.received(GET)
    talk.waits()
    assert talk.state == BUSY


def test_unseen_bytes_are_counted() -> None:
    """What sendfile sends ends a body as well."""
    talk = play(("<", GET, BUSY), (">", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", BUSY))
    talk.sent_unseen(4)
    assert talk.state == BUSY
    talk.sent_unseen(6)
    assert talk.state == IDLE


def test_unseen_bytes_in_a_chunk() -> None:
    """Inside a chunk they are counted too; elsewhere nothing is known any more."""
    talk = play(("<", GET, BUSY), (">", CHUNKED + b"a\r\n", BUSY))
    talk.sent_unseen(10)
    talk.sent(b"\r\n0\r\n\r\n")
    assert talk.state == IDLE
    talk.sent_unseen(1)
    assert talk.state == OPAQUE_ANSWERED


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (b"", True), (b"G", True), (b"GET", True), (b"GET /a", True), (GET, True),
        (b"\r\nM-SEARCH * HTTP/1.1\r\n", True), (b"GET / HTTP/1.0\r\nA", True),
        (b"\x16\x03\x01", False), (b"get / HTTP/1.1\r\n", False), (b"GET /\r\n", False),
        (b"PRI * HTTP/2.0\r\n", False), (b"HELLO\r\n", False), (b"\0", False),
        (b" GET / HTTP/1.1\r\n", False),
    ],
)  # fmt: skip
def test_looks_like_request(data: bytes, is_one: bool) -> None:
    """A prefix of a request may be one."""
    assert looks_like_request(data) is is_one
