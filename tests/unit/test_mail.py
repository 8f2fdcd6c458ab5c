"""Messages without processes: parcels, frames, what is kept, who leads, how much may be said."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

import pm
from pm.master.messages import outbound
from pm.master.messages.mailbox import KEPT, Shelf
from pm.master.notices import choose
from pm.master.workers.worker import Worker
from pm.model import State
from pm.worker import board, parcel
from pm.worker.messages import frames
from pm.worker.messages.callbacks import Callback


def test_a_short_body_travels_inline_and_a_long_one_in_memory() -> None:
    for size in (2, 12 << 10, (12 << 10) + 1, parcel.LIMIT):
        body = b"x" * size
        raw, fds = parcel.pack({"do": "send"}, body)
        assert len(raw) <= parcel.DATAGRAM
        head, found = parcel.unpack(raw, fds)
        assert head["do"] == "send"
        assert found == body
        for fd in fds:
            os.close(fd)


@pytest.mark.parametrize(
    "raw",
    [b"", b"nonsense", b"[1]", b'{"size": 5}', b'{"size": "x"}', b"[" * 9000, b'{"size": -1}'],
)
def test_what_is_no_parcel_is_refused(raw: bytes) -> None:
    with pytest.raises(parcel.Unfit):
        parcel.unpack(raw, [])


def test_a_file_a_pipe_and_a_lie_are_no_body() -> None:
    reader, writer = os.pipe()
    memory = os.memfd_create("short", os.MFD_ALLOW_SEALING)
    os.write(memory, b"abc")
    with open(__file__) as file:
        for fd, size in ((reader, 5), (file.fileno(), 5), (memory, 4), (memory, 1 << 30)):
            with pytest.raises(parcel.Unfit):
                parcel.unpack(b'{"size": %d}' % size, [fd])
    for fd in (reader, writer, memory):
        os.close(fd)


def test_frames() -> None:
    raw = frames.frame({"do": "message"}, b"[1]")
    head, body = frames.lengths(raw[: frames.LENGTHS.size])
    assert raw[frames.LENGTHS.size :] == b'{"do":"message"}[1]'
    assert (head, body) == (16, 3)
    with pytest.raises(ValueError, match="a frame of"):
        frames.lengths(b"\xff" * 8)


def test_a_shelf_keeps_the_newest() -> None:
    shelf = Shelf()
    letters = [bytes([n % 256]) * 1000 for n in range(3000)]
    for letter in letters:
        shelf.keep(letter)
    kept = shelf.take()
    assert kept == letters[-len(kept) :]
    assert len(kept) + shelf.dropped == 3000
    assert sum(map(len, kept)) <= KEPT
    assert shelf.take() == []


def _worker(launch: int, generation: int, state: State) -> Worker:
    made = SimpleNamespace(
        launch=launch, generation=SimpleNamespace(number=generation), state=state, notices=True
    )
    return cast(Worker, made)


def test_the_leader_stays_and_else_the_newest_code_leads() -> None:
    old = _worker(1, 1, State.ONLINE)
    draining = _worker(2, 1, State.DRAINING)
    new, newer = _worker(5, 2, State.ONLINE), _worker(6, 2, State.ONLINE)
    assert choose(None, []) is None
    assert choose(None, [draining]) is None
    assert choose(None, [draining, old]) is old
    assert choose(old, [new, newer, old]) is old
    assert choose(draining, [old, draining, newer, new]) is new
    assert choose(_worker(9, 9, State.ONLINE), [old]) is old


def test_a_notice_is_read_as_it_was_written() -> None:
    fd = board.create()
    page = board.attach(fd)
    os.close(fd)
    assert board.read_notice(page) == (False, 0)
    board.write_notice(page, True, 5)
    assert board.read_notice(page) == (True, 5)
    assert not page[0]


def test_an_allowance_is_used_up_and_comes_back() -> None:
    level: float | None = float(outbound.BURST)
    sent = 0
    while level is not None:
        level, sent = outbound.allow(level, 0.0, outbound.COST), sent + 1
    assert sent - 1 == outbound.BURST // outbound.COST
    assert outbound.allow(0.0, 1.0, outbound.COST) == outbound.RATE - outbound.COST
    assert outbound.allow(0.0, 1e6, 0) == outbound.BURST


@pytest.mark.parametrize(
    ("function", "takes"),
    [
        (lambda: None, 0),
        (lambda message: message, 1),
        (lambda message, sender: (message, sender), 2),
        (lambda message, sender=None: (message, sender), 2),
        (lambda message, retries=3: (message, retries), 1),
        (lambda *args: args, 1),
        ([].append, 1),
        (print, 1),
    ],
)
def test_how_many_arguments_a_callback_is_given(function: Any, takes: int) -> None:
    assert Callback(function).takes == takes


def test_without_a_master_nothing_happens_and_nothing_fails() -> None:
    assert pm.is_leader is True
    worker = pm.worker
    assert (worker.id, worker.slot, worker.generation, worker.app) == (None, -1, 0, "")
    assert pm.send({"a": 1}) is False
    assert pm.broadcast([1]) is False
    calls: list[object] = []

    @pm.on_message
    @pm.on_request
    @pm.on_stop
    @pm.action("name")
    def function(*args: object) -> None:
        calls.append(args)

    assert calls == []
    function("still the function")
    assert len(calls) == 1
    with pytest.raises(pm.NotInCluster):
        pm.cluster.request(0, "anybody?")
    with pytest.raises(pm.MessageTooLarge):
        pm.send("x" * (1 << 20))
    with pytest.raises(TypeError):
        pm.broadcast(object())
    assert not hasattr(pm, "nothing_of_the_kind")
