"""A generation replaces another, step by step."""

from __future__ import annotations

from pm.master.rolling.rollout import Deed, Happening, Rollout, step


def run(rollout: Rollout, *happenings: Happening) -> list[tuple[int, Deed | None]]:
    done = []
    for happening in happenings:
        rollout, deed = step(rollout, happening)
        done.append((rollout.slot, deed))
    return done


def test_with_overlap_the_new_comes_first() -> None:
    assert run(
        Rollout((0, 1), overlap=True),
        Happening.BEGIN, Happening.READY, Happening.GONE, Happening.READY, Happening.GONE,
    ) == [
        (0, Deed.LAUNCH), (0, Deed.RETIRE), (1, Deed.LAUNCH), (1, Deed.RETIRE), (-1, Deed.FINISH),
    ]  # fmt: skip


def test_without_overlap_the_old_leaves_first() -> None:
    assert run(
        Rollout((0, 1), overlap=False),
        Happening.BEGIN, Happening.GONE, Happening.READY, Happening.GONE, Happening.READY,
    ) == [
        (0, Deed.RETIRE), (0, Deed.LAUNCH), (1, Deed.RETIRE), (1, Deed.LAUNCH), (-1, Deed.FINISH),
    ]  # fmt: skip


def test_nothing_to_do_is_done_at_once() -> None:
    for overlap in (True, False):
        assert step(Rollout((), overlap), Happening.BEGIN)[1] is Deed.FINISH


def test_a_failure_aborts_and_names_what_is_left() -> None:
    rollout = Rollout((0, 1, 2), overlap=True)
    for happening in (Happening.READY, Happening.GONE):
        rollout, _ = step(rollout, happening)
    after, deed = step(rollout, Happening.FAILED)
    assert deed is Deed.ABORT
    assert (after.done, after.slots) == ((0,), (1, 2))


def test_after_the_end_nothing_happens() -> None:
    ended = Rollout((), overlap=True, done=(0,))
    for happening in (Happening.READY, Happening.GONE, Happening.FAILED):
        assert step(ended, happening) == (ended, None)
