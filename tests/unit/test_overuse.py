"""When a worker that uses too much memory is replaced."""

from __future__ import annotations

import os

from pm.master.workers.memory import bound_of, used_by
from pm.master.workers.overuse import AGAIN, FIRST_STAY, SOON, Look, Watched, judge, words

LIMIT = 100 << 20
OVER = LIMIT + (1 << 20)


def test_one_that_grew_for_long_is_replaced_at_once() -> None:
    watched, over, remark = judge(Watched(), Look(7, LIMIT, LIMIT, SOON), 1000.0)
    assert (over, remark) == (False, "")
    watched, over, remark = judge(watched, Look(7, OVER, LIMIT, SOON + 3), 1003.0)
    assert (over, remark) == (True, "")


def test_a_replacement_that_failed_is_not_tried_at_each_look() -> None:
    look = Look(7, OVER, LIMIT, SOON)
    watched, over, _ = judge(Watched(), look, 1000.0)
    assert over
    watched, over, _ = judge(watched, look, 1003.0)
    assert not over
    watched, over, _ = judge(watched, look, 1000.0 + AGAIN)
    assert over


def test_each_that_is_over_it_from_the_start_may_stay_for_longer() -> None:
    watched, now = Watched(), 0.0
    for launch in range(4):
        stay = FIRST_STAY * 2**launch
        watched, over, remark = judge(watched, Look(launch + 1, OVER, LIMIT, 3.0), now + 3.0)
        assert not over
        assert f"stay for {stay - 3:.0f} s" in remark
        watched, over, remark = judge(
            watched, Look(launch + 1, OVER, LIMIT, stay - 1), now + stay - 1
        )
        assert (over, remark) == (False, "")
        watched, over, remark = judge(watched, Look(launch + 1, OVER, LIMIT, stay), now + stay)
        assert (over, remark) == (True, "")
        now += stay
    watched, over, _ = judge(watched, Look(9, OVER, LIMIT, SOON), now)
    assert (over, watched.soon) == (True, 0)


def test_one_that_is_small_again_stays() -> None:
    watched, _, _ = judge(Watched(), Look(1, OVER, LIMIT, 3.0), 3.0)
    assert judge(watched, Look(1, LIMIT, LIMIT, 30.0), 30.0) == (watched, False, "")


def test_it_is_said_in_words() -> None:
    assert words(Look(1, OVER, LIMIT, 1.0)) == "uses 101 MB, over max_memory_restart (100 MB)"
    assert "1.5 MB" in words(Look(1, 3 << 19, 1 << 20, 1.0))


def test_what_this_process_uses() -> None:
    used = used_by(os.getpid())
    assert 1 << 20 < used <= bound_of(os.getpid()) * 1.05


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert used_by(1 << 22) == bound_of(1 << 22) == 0
