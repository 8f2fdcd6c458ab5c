"""Laws of debouncing and of the clock, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.timing.schedule import GRACE, Due, look, pause
from daemon.watching.debounce import (
    LONGEST_BURST,
    LONGEST_PAUSE,
    Begin,
    Changed,
    Debounce,
    Reloaded,
    Wake,
    Woken,
    step,
)

FILES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)


@given(
    st.lists(st.tuples(st.floats(0, 3), FILES), max_size=30),
    st.floats(0, 2),
    st.floats(0.01, 4),
)
def test_each_change_is_followed_by_one_reload_that_began_after_it(
    changes: list[tuple[float, tuple[str, ...]]], delay: float, takes: float
) -> None:
    state, now, wake, ends = Debounce(delay), 0.0, None, None
    changed: list[tuple[float, str]] = []
    begun: list[tuple[float, tuple[str, ...]]] = []
    events: list[tuple[float, tuple[str, ...]]] = []
    for gap, files in changes:
        now += gap
        events.append((now, files))
    while events or wake is not None or ends is not None:
        when = [t for t in (wake, ends, events[0][0] if events else None) if t is not None]
        now = max(now if begun or changed else 0.0, min(when))
        if ends is not None and min(when) == ends:
            ends = None
            state, deed = step(state, Reloaded(), now)
        elif wake is not None and min(when) == wake:
            wake = None
            state, deed = step(state, Woken(), now)
        else:
            _, files = events.pop(0)
            changed += [(now, file) for file in files]
            state, deed = step(state, Changed(files), now)
        if isinstance(deed, Wake):
            wake = deed.at
        elif isinstance(deed, Begin):
            assert ends is None, "one reload at a time"
            begun.append((now, deed.files))
            ends = now + takes
    for at, file in changed:
        assert any(start >= at and file in files for start, files in begun)
    bound = max(delay, LONGEST_BURST) + LONGEST_PAUSE + takes
    for at, _ in changed:
        assert min(start - at for start, _ in begun if start >= at) <= bound


@given(st.lists(st.floats(-200, 200), max_size=50), st.integers(1, 120))
def test_a_clock_that_jumps_fires_each_time_at_most_once_unless_it_went_back(
    jumps: list[float], period: int
) -> None:
    def after(now: float) -> float:
        return (now // period + 1) * period

    now = highest = 1e6
    due = Due(after(now), now)
    fired: list[float] = []
    for jump in jumps:
        back = now + jump < due.looked - GRACE
        now += jump
        struck = look(due, after, now)
        if struck.fire:
            assert due.at <= now <= due.at + GRACE
            assert due.at not in fired or highest > now + GRACE
            fired.append(due.at)
        if back:
            fired = []
        due = struck.due
        assert due.at > now
        assert due.at - now <= period + 2 * GRACE
        assert pause(due, now) <= 60
        highest = max(highest, now)
