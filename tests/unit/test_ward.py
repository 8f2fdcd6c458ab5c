"""What keeps a worker at work when its master is dead, by its board."""

from __future__ import annotations

import os
from collections.abc import Iterator
from mmap import mmap

import pytest

from pm.worker import board, ward
from pm.worker.sockets.conversation import BUSY, IDLE, OPAQUE, OPEN


@pytest.fixture
def page() -> Iterator[mmap]:
    fd = board.create()
    page = board.attach(fd)
    os.close(fd)
    yield page
    page.close()


@pytest.mark.parametrize("mode", [board.SERVE, board.HAND_OVER, board.FINISH])
def test_who_was_drained_and_has_nothing_to_do_is_at_rest(page: mmap, mode: int) -> None:
    """The mode stands on the board too: it was taken for a connection, up to the stop timeout."""
    page[0], page[7] = mode, IDLE
    assert not ward.at_work(page, 0.1)


@pytest.mark.parametrize(
    ("state", "early", "late"),
    [
        (OPEN, True, False),
        (board.BLIND, True, False),
        (BUSY, True, True),
        (OPAQUE, True, True),
        (IDLE, False, False),
    ],
)
def test_what_keeps_a_worker_at_work(page: mmap, state: int, early: bool, late: bool) -> None:
    page[7] = state
    assert (ward.at_work(page, 0.9), ward.at_work(page, 1.1)) == (early, late)
