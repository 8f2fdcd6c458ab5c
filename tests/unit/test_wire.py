"""The channel keeps messages and descriptors together, and cuts off who breaks the protocol."""

from __future__ import annotations

import array
import json
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pm import wire
from pm.wire import Broken, Channel

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, two = (Channel(end) for end in socket.socketpair())
    yield one, two
    one.close()
    two.close()


@pytest.fixture(autouse=True)
def no_descriptor_is_left(pair: Pair) -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    for channel in pair:
        channel.close()
    assert set(os.listdir("/proc/self/fd")) <= before


def raw(channel: Channel, data: bytes, fds: tuple[int, ...] = ()) -> None:
    """Send bytes that need not be a message."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    channel.sock.sendmsg([data], rights)


def line(fds: object = 0, kind: object = "a", body: object = None) -> bytes:
    return json.dumps({"kind": kind, "fds": fds, "body": body}).encode() + b"\n"


def test_messages_arrive_in_order(pair: Pair) -> None:
    one, two = pair
    for number in range(3):
        one.send("count", {"n": number})
    assert two.receive() == [("count", {"n": n}, []) for n in range(3)]
    assert two.receive() == []


def test_descriptors_stay_with_their_message(pair: Pair, tmp_path: Path) -> None:
    one, two = pair
    files = [(tmp_path / name).open("w") for name in "xyz"]
    one.send("first", None, (files[0].fileno(),))
    one.send("none", None)
    one.send("two", None, (files[1].fileno(), files[2].fileno()))
    got = {kind: [os.readlink(f"/proc/self/fd/{fd}") for fd in fds] for kind, fds in _take(two)}
    assert got == {
        "first": [files[0].name],
        "none": [],
        "two": [files[1].name, files[2].name],
    }
    for file in files:
        file.close()


def _take(channel: Channel) -> Iterator[tuple[str, list[int]]]:
    for kind, _, fds in channel.receive():
        yield kind, fds
        for fd in fds:
            os.close(fd)


def test_a_large_message_waits_for_room(pair: Pair) -> None:
    one, two = pair
    text = "x" * 2_000_000
    with open(os.devnull) as null:
        one.send("large", text, (null.fileno(),))
    assert one.wants_write
    got: list[tuple[str, object, list[int]]] = []
    while not got:
        got = two.receive()
        one.flush()
    assert got[0][:2] == ("large", text)
    os.close(got[0][2][0])
    assert not one.wants_write


def test_the_end_of_the_peer_is_seen_after_its_last_message(pair: Pair) -> None:
    one, two = pair
    one.send("last", 1)
    one.close()
    assert two.receive() == [("last", 1, [])]
    assert two.closed


def test_a_vanished_peer_closes_the_sender(pair: Pair) -> None:
    one, two = pair
    two.close()
    one.send("lost", None)
    assert one.closed
    with open(os.devnull) as null:
        one.send("lost too", None, (null.fileno(),))
    assert not [fds for _, fds in one._out if fds]


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        line(fds=1),
        line(fds=-1),
        line(fds="0"),
        line(fds=True),
        line(kind=7),
        b'{"kind":"a","fds":Infinity,"body":1}\n',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_message_breaks_the_channel(pair: Pair, data: bytes) -> None:
    one, two = pair
    raw(one, data)
    with pytest.raises(Broken):
        two.receive()


def test_unannounced_descriptors_break_the_channel(pair: Pair) -> None:
    one, two = pair
    raw(one, line(fds=0), (1, 2))
    with pytest.raises(Broken, match="no line announced"):
        two.receive()


def test_descriptors_before_the_end_of_their_line_are_bounded(pair: Pair) -> None:
    one, two = pair
    raw(one, b'{"kind":', tuple([1] * 200))
    assert two.receive() == []
    raw(one, b" ", tuple([1] * 200))
    with pytest.raises(Broken, match="no line announced"):
        two.receive()


def test_a_broken_line_closes_the_descriptors_before_it(pair: Pair) -> None:
    one, two = pair
    raw(one, line(fds=2), (1, 2))
    raw(one, b"nonsense\n")
    with pytest.raises(Broken):
        two.receive()


def test_an_endless_line_is_cut_off(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_LINE", 1000)
    one, two = pair
    raw(one, b"x" * 1001)
    with pytest.raises(Broken, match="over 1000 bytes"):
        two.receive()


def test_too_many_descriptors_are_refused_by_the_sender(pair: Pair) -> None:
    with pytest.raises(ValueError, match="251 descriptors"):
        pair[0].send("many", None, tuple([0] * 251))


def test_a_bad_descriptor_sends_nothing(pair: Pair) -> None:
    one, two = pair
    with pytest.raises(OSError, match="Bad file descriptor"):
        one.send("bad", None, (0, 10_000))
    one.send("good", None)
    assert [kind for kind, _, _ in two.receive()] == ["good"]


def test_descriptors_without_room_are_lost_and_nothing_else(pair: Pair, tmp_path: Path) -> None:
    one, two = pair
    file = (tmp_path / "x").open("w")
    one.send("before", 1, (file.fileno(),))
    first = two.receive()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(file.fileno())
    os.close(free)
    one.send("many", 2, (file.fileno(),) * 5)
    one.send("between", 3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, hard))
    try:
        lost = two.receive()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert lost == [("many", 2, []), ("between", 3, [])]
    one.send("after", 4, (file.fileno(),))
    last = two.receive()
    for kind, _, fds in (*first, *last):
        assert len(fds) == 1, kind
        os.close(fds[0])
    file.close()


def test_descriptors_without_room_do_not_shift_those_that_follow(
    pair: Pair, tmp_path: Path
) -> None:
    one, two = pair
    file = (tmp_path / "x").open("w")
    raw(one, line(5)[:4], (file.fileno(),) * 5)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(file.fileno())
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, hard))
    try:
        assert two.receive() == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    raw(one, line(5)[4:])
    one.send("next", None, (file.fileno(),) * 6)
    (_, _, none), (_, _, six) = two.receive()
    assert (none, len(six)) == ([], 6)
    for fd in six:
        os.close(fd)
    file.close()
