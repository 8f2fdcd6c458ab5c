"""The hand-off channel over real sockets: nothing is lost, nothing comes twice."""

from __future__ import annotations

import os
import select
import threading
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from pm.master.sockets.lane import CONNECTION, PROBE, WAKE, Lane, drop
from tests.process.handing import Reader


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane()
    yield made
    made.close()


@pytest.fixture
def null() -> Iterator[int]:
    """Some open fd to send about: which connection it is, the peer's text says."""
    fd = os.open(os.devnull, os.O_RDONLY)
    yield fd
    os.close(fd)


def _number(message: bytes) -> int:
    return int(message[1:].rstrip(b"\0"))


def test_what_is_given_is_pending_until_it_is_read(lane: Lane, null: int) -> None:
    reader = Reader(lane)
    for at in range(3):
        assert lane.give((null, b"C%d" % at), now=float(at))
    assert lane.pending(9.0) == 3
    assert list(lane.given) == [0.0, 1.0, 2.0]
    assert reader.take(2) == 2
    assert lane.pending(9.0) == 1
    assert list(lane.given) == [2.0]
    assert reader.take() == 1
    assert lane.pending(9.0) == 0
    assert not lane.given
    reader.close()


def test_all_messages_count_the_same(lane: Lane, null: int) -> None:
    lane.give((null, b"C127.0.0.1 80"), 0.0)
    lane.send(PROBE)
    lane.send(WAKE)
    lane.give((null, b"Cx" * 90), 0.0)
    assert lane.pending(9.0) == 4
    drop(lane.pull_back())


def test_pull_back_returns_connections_in_order_and_drops_the_rest(lane: Lane, null: int) -> None:
    lane.send(PROBE)
    lane.give((null, b"C::1 80 0 0"), 0.0)
    lane.send(WAKE)
    lane.give((null, b"C127.0.0.1 81"), 0.0)
    pulled = lane.pull_back()
    texts = [text.rstrip(b"\0") for _, text in pulled]
    assert texts == [b"C::1 80 0 0", b"C127.0.0.1 81"]
    assert all(os.get_inheritable(fd) is False for fd, _ in pulled)
    assert all(os.path.samestat(os.fstat(fd), os.fstat(null)) for fd, _ in pulled)
    assert lane.pending(9.0) == 0
    assert lane.pull_back() == []
    drop(pulled)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(pulled[0][0])


def test_a_full_channel_refuses_and_loses_nothing(lane: Lane, null: int) -> None:
    given = 0
    while given < 100_000 and lane.give((null, b"C%d" % given), 0.0):
        given += 1
    assert given > 64, "a queue_depth of 64 has to fit"
    lane.send(PROBE)
    pulled = lane.pull_back()
    assert [_number(text) for _, text in pulled] == list(range(given))
    drop(pulled)


def test_an_undelivered_connection_outlives_its_sender_and_its_reader(null: int) -> None:
    lane = Lane()
    reader = Reader(lane)
    lane.give((null, b"C1"), 0.0)
    reader.close()  # the worker has died
    (pulled,) = lane.pull_back()
    assert _number(pulled[1]) == 1
    os.close(pulled[0])
    lane.close()


TOTAL = 30_000


def test_30_000_connections_pulled_back_while_a_worker_reads(lane: Lane, null: int) -> None:
    taken: list[int] = []
    end = Reader(lane).end

    def read() -> None:
        while True:
            data, extra, _, _ = end.recvmsg(256, 64)
            if data[:1] == WAKE:
                return
            assert data[:1] == CONNECTION
            assert len(extra) == 1, "an fd was lost on the way"
            os.close(int.from_bytes(extra[0][2][:4], "little"))
            taken.append(int(data[1:].rstrip(b"\0")))

    thread = threading.Thread(target=read)
    thread.start()
    queue = deque(range(TOTAL))
    given = pulled_back = 0
    while queue:
        if lane.give((null, b"C%d" % queue[0]), 0.0):
            queue.popleft()
            given += 1
        else:
            select.select([], [lane.ours], [], 5)
        if given % 97 == 0 or not queue:
            pulled = lane.pull_back()
            drop(pulled)
            queue.extendleft(_number(text) for _, text in pulled)
            pulled_back += len(pulled)
            given += not pulled
    lane.send(WAKE)
    thread.join(30)
    end.close()
    counts = Counter(taken)
    assert len(counts) == TOTAL
    assert set(counts.values()) == {1}
    assert pulled_back > 0
