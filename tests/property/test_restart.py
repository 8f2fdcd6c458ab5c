"""Laws of restarting: it always ends in rest or in giving up, never in a storm."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from pm.master.workers.restart import LONGEST_DELAY, Action, Exit, Tally, judge
from pm.model import AppSpec

SPECS = st.builds(
    AppSpec,
    name=st.just("web"),
    script=st.just("/srv/web.py"),
    cwd=st.just("/srv"),
    max_restarts=st.integers(0, 60),
    min_uptime=st.floats(0.1, 100),
    restart_delay=st.floats(0, 30),
    autorestart=st.booleans(),
    stop_exit_codes=st.lists(st.integers(0, 255), max_size=2).map(tuple),
)
EXITS = st.builds(Exit, st.integers(0, 255)) | st.just(Exit(None, "SIGKILL"))
JITTER = st.floats(0, 1)
PERIODS = st.floats(0, 200)


@given(SPECS, st.lists(st.tuples(EXITS, PERIODS, JITTER), max_size=80))
def test_whatever_happens(spec: AppSpec, story: list[tuple[Exit, float, float]]) -> None:
    tally = Tally()
    for ended, uptime, jitter in story:
        before = tally
        tally, verdict = judge(before, spec, ended, uptime, jitter)
        assert verdict.reason
        assert verdict.delay >= 0
        stays = ended.code in spec.stop_exit_codes or not spec.autorestart
        assert (verdict.action is Action.STAY_STOPPED) == stays
        if stays:
            assert tally == before
        elif uptime >= spec.min_uptime:
            assert verdict.action is Action.RESTART
            assert tally == Tally(before.restarts + 1, 0)
            assert verdict.delay == spec.restart_delay
        else:
            assert tally.unstable == before.unstable + 1
            assert (verdict.action is Action.GIVE_UP) == (tally.unstable > spec.max_restarts)
            assert tally.restarts == before.restarts + (verdict.action is Action.RESTART)


@given(SPECS, st.data())
def test_unstable_exits_in_a_row_end(spec: AppSpec, data: st.DataObject) -> None:
    """Exactly `max_restarts` restarts, then it gives up; the delays grow to 15 s at most."""
    ended = data.draw(EXITS)
    assume(spec.autorestart and ended.code not in spec.stop_exit_codes)
    jitter = data.draw(JITTER)
    uptime = data.draw(st.floats(0, spec.min_uptime, exclude_max=True))
    tally, delays = Tally(), []
    for _ in range(spec.max_restarts):
        tally, verdict = judge(tally, spec, ended, uptime, jitter)
        assert verdict.action is Action.RESTART
        delays.append(verdict.delay)
    tally, verdict = judge(tally, spec, ended, uptime, jitter)
    assert verdict.action is Action.GIVE_UP
    assert delays == sorted(delays)
    assert all(delay <= max(LONGEST_DELAY * 1.25, spec.restart_delay) for delay in delays)
