"""Slots, ids and numbers of workers."""

from __future__ import annotations

import pytest

from daemon.records.record import (
    Record,
    Slot,
    new_record,
    parse_count,
    resize,
    respecify,
    want,
    without,
)
from pm.errors import UsageError
from pm.model import AppSpec, Mode
from pm.record import replace

SPEC = AppSpec("web", "/app.py", "/", instances=3)


def fresh() -> Record:
    return new_record(SPEC, cpus=8, next_id=5, now=1.0)


def test_a_new_app_has_a_slot_and_an_id_for_each_instance() -> None:
    assert fresh().slots == (Slot(0, 5), Slot(1, 6), Slot(2, 7))
    assert fresh().wanted == (0, 1, 2)


def test_no_instances_mean_one_for_each_cpu() -> None:
    record = new_record(AppSpec("web", "/app.py", "/", instances=0), cpus=8, next_id=0, now=1.0)
    assert (len(record.slots), record.spec.instances) == (8, 8)


def test_absurd_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="more than 1024"):
        new_record(AppSpec("web", "/app.py", "/", instances=5000), cpus=8, next_id=0, now=1.0)


def test_scaling_up_fills_the_lowest_free_slots() -> None:
    grown = resize(without(fresh(), [1]), 4, next_id=8)
    assert grown.slots == (Slot(0, 5), Slot(1, 8), Slot(2, 7), Slot(3, 9))
    assert grown.spec.instances == 4


def test_scaling_adds_no_more_than_asked_where_low_slots_are_gone() -> None:
    grown = resize(without(fresh(), [0, 1]), 2, next_id=8)
    assert grown.slots == (Slot(0, 8), Slot(2, 7))
    assert resize(without(fresh(), [0, 1]), 1, next_id=8).slots == (Slot(2, 7),)


def test_scaling_down_removes_the_highest() -> None:
    assert resize(fresh(), 1, next_id=8).slots == (Slot(0, 5),)


def test_slots_added_to_a_stopped_app_are_not_wanted() -> None:
    stopped = want(fresh(), (0, 1, 2), False)
    assert resize(stopped, 4, next_id=8).wanted == ()


def test_wanting_some_slots() -> None:
    assert want(fresh(), (1,), False).wanted == (0, 2)


def test_another_spec_keeps_the_ids_of_slots_that_stay() -> None:
    spec = AppSpec("web", "/app.py", "/", args=("-v",), instances=2)
    again = respecify(want(fresh(), (0, 1, 2), False), spec, cpus=8, next_id=8)
    assert again.slots == (Slot(0, 5), Slot(1, 6))
    assert again.spec == spec


@pytest.mark.parametrize(
    ("text", "count"), [("4", 4), ("+2", 5), ("-1", 2), ("max", 8), ("3", 3), (" 2", 2)]
)
def test_counts(text: str, count: int) -> None:
    assert parse_count(text, current=3, cpus=8) == count


@pytest.mark.parametrize("text", ["0", "-3", "x", "", "1.5", "5000", "+"])
def test_counts_that_cannot_be(text: str) -> None:
    with pytest.raises(UsageError):
        parse_count(text, current=3, cpus=8)


def test_of_another_program_it_is_not_known_whether_it_listens() -> None:
    old = replace(fresh(), known_to_listen=True)
    for spec, known in (
        (replace(SPEC, args=("-v",)), True),
        (replace(SPEC, script="/bot.py"), False),
        (replace(SPEC, exec_mode=Mode.FORK), False),
    ):
        assert respecify(old, spec, cpus=8, next_id=8).known_to_listen is known
