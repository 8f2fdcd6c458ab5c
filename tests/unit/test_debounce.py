"""When a change becomes a reload."""

from __future__ import annotations

from daemon.watching.debounce import (
    LONGEST_BURST,
    PATIENCE,
    Begin,
    Changed,
    Debounce,
    Reloaded,
    Wake,
    Woken,
    step,
)

A, B = Changed(("a.py",)), Changed(("b.py",))


def test_a_reload_begins_when_it_has_been_quiet() -> None:
    state, deed = step(Debounce(0.2), A, 1.0)
    assert deed == Wake(1.2)
    state, deed = step(state, B, 1.1)
    state, deed = step(state, Woken(), 1.2)
    assert deed == Wake(1.1 + 0.2)
    state, deed = step(state, Woken(), 1.31)
    assert deed == Begin(("a.py", "b.py"))
    assert step(state, Woken(), 1.4)[1] is None


def test_a_long_burst_is_not_waited_for() -> None:
    state, now, deed = Debounce(0.2), 0.0, None
    while not isinstance(deed, Begin):
        state, _ = step(state, A, now)
        state, deed = step(state, Woken(), now)
        now += 0.1
    assert LONGEST_BURST <= now < LONGEST_BURST + 0.3


def test_changes_during_a_reload_are_one_more_afterwards() -> None:
    state, _ = step(Debounce(0.2), A, 0.0)
    state, deed = step(state, Woken(), 0.2)
    assert isinstance(deed, Begin)
    state, deed = step(state, B, 0.3)
    assert deed is None
    state, deed = step(state, A, 0.4)
    assert step(state, Woken(), 1.0)[1] is None
    state, deed = step(state, Reloaded(), 2.0)
    assert deed == Wake(2.0)
    assert step(state, Woken(), 2.0)[1] == Begin(("b.py", "a.py"))


def test_no_file_is_no_change() -> None:
    assert step(Debounce(0.2), Changed(()), 0.0) == (Debounce(0.2), None)


def reloads(state: Debounce, change: Changed, count: int, now: float) -> tuple[list[Begin], float]:
    """Change files a moment after each reload; returns the reloads and the time of the last."""
    begun = []
    for _ in range(count):
        state, deed = step(state, change, now)
        while isinstance(deed, Wake):
            now = deed.at
            state, deed = step(state, Woken(), now)
        assert isinstance(deed, Begin)
        begun.append(deed)
        state, _ = step(state, Reloaded(), now + 0.5)
        now += 0.6
    return begun, now


def test_an_app_that_writes_what_is_watched_is_slowed_down_and_told_once() -> None:
    begun, now = reloads(Debounce(0.2), A, PATIENCE + 5, 0.0)
    assert [deed.circles for deed in begun].index(True) == PATIENCE
    assert [deed.circles for deed in begun].count(True) == 1
    assert now > 2 + 4 + 8 + 16


def test_another_file_is_answered_at_once_all_the_same() -> None:
    state = Debounce(0.5, cause=frozenset(["a.py"]), ended=10.0, repeats=PATIENCE + 3)
    _, slow = step(state, A, 10.5)
    assert slow == Wake(10.0 + 16)
    both, _ = step(state, A, 10.5)
    assert step(both, B, 10.5)[1] == Wake(11.0)
    _, later = step(state, A, 20.0)
    assert later == Wake(20.5)
