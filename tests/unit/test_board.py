"""The board: what is shown is what is counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from mmap import mmap

import pytest

from pm.worker import board


@pytest.fixture
def page() -> Iterator[mmap]:
    fd = board.create()
    page = board.attach(fd)
    os.close(fd)
    yield page
    page.close()


def test_an_empty_board_counts_nothing(page: mmap) -> None:
    assert board.count(page) == 0
    page[0] = board.FINISH
    assert board.count(page) == 0


def test_each_shown_connection_counts_once_in_any_state(page: mmap) -> None:
    for fd, state in ((1, 1), (7, board.BLIND), (255, 3), (256, 2), (board.SIZE - 1, 1)):
        board.begin(page, fd, state)
    page[0] = board.HAND_OVER
    assert board.count(page) == 5
    page[7] = page[256] = board.NONE
    assert board.count(page) == 3
