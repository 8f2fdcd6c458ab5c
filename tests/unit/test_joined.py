"""The writes of an answer, joined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pm.worker.adapters.joined import Joined

LARGE = bytes(1 << 20)


class Plain:
    """The loop's own transport, and its loop."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.call_soon = self.soon.append
        self.did: list[object] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.did.append(bytes(data))

    def writelines(self, pieces: list[bytes]) -> None:
        self.did += pieces

    def write_eof(self) -> None:
        self.did.append("eof")

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def set_protocol(self, protocol: object) -> None:
        self.did.append(protocol)

    def get_write_buffer_size(self) -> int:
        return 5

    def get_extra_info(self, name: str) -> str:
        return name


def pair() -> tuple[Joined, Plain]:
    plain = Plain()
    return Joined(plain, plain), plain


def turn(plain: Plain) -> None:
    """Let the loop turn once."""
    calls = list(plain.soon)
    plain.soon.clear()
    for call in calls:
        call()


def test_head_and_body_are_one_write() -> None:
    joined, plain = pair()
    joined.write(b"head")
    assert plain.did == []
    joined.write(b"body")
    assert plain.did == [b"headbody"]
    turn(plain)
    assert plain.did == [b"headbody"]


def test_a_head_alone_goes_when_the_loop_turns() -> None:
    joined, plain = pair()
    joined.write(b"head")
    assert joined.get_write_buffer_size() == 9
    turn(plain)
    assert plain.did == [b"head"]
    joined.write(b"body")
    turn(plain)
    assert plain.did == [b"head", b"body"]


@pytest.mark.parametrize("data", [LARGE, bytearray(b"changes later"), memoryview(b"view")])
def test_what_is_large_or_may_change_does_not_wait(data: bytes) -> None:
    joined, plain = pair()
    joined.write(data)
    assert plain.did == [bytes(data)]


def test_a_large_body_follows_its_head() -> None:
    joined, plain = pair()
    joined.write(b"head")
    joined.write(LARGE)
    assert plain.did == [b"head", LARGE]


def test_an_empty_body_ends_the_wait() -> None:
    joined, plain = pair()
    joined.write(b"head")
    joined.write(b"")
    assert plain.did == [b"head"]


def test_what_waits_goes_before_anything_else() -> None:
    joined, plain = pair()
    joined.write(b"1")
    joined.writelines([b"2"])
    joined.write(b"3")
    joined.write_eof()
    joined.write(b"4")
    joined.set_protocol("other")
    joined.write(b"5")
    joined.close()
    assert plain.did == [b"1", b"2", b"3", "eof", b"4", "other", b"5"]
    assert plain.closing
    assert joined.is_closing()


def test_nothing_is_written_to_a_connection_that_was_aborted() -> None:
    joined, plain = pair()
    joined.write(b"head")
    plain.closing = True
    turn(plain)
    assert plain.did == []


def test_all_else_is_the_loops() -> None:
    joined, _ = pair()
    assert joined.get_extra_info("socket") == "socket"
