"""Laws of a worker's life, over any story of events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pm.master.workers.life import Effect, Event, Life, step
from pm.model import State

ORDER = [State.LAUNCHING, State.ONLINE, State.DRAINING, State.STOPPING, State.STOPPED]
STORIES = st.lists(st.tuples(st.sampled_from(Event), st.floats(0, 20)), max_size=30)
LIVES = st.builds(
    Life, drain_limit=st.sampled_from([0.0, 1.0, 30.0]), kill_timeout=st.sampled_from([0.0, 10.0])
)
Told = list[tuple[Event, float, Life, tuple[Effect, ...]]]


def tell(life: Life, story: list[tuple[Event, float]]) -> Told:
    """Return what each event led to, and when it happened."""
    now, told = 100.0, []
    for event, pause in story:
        now += pause
        life, effects = step(life, event, now)
        told.append((event, now, life, effects))
    return told


@given(LIVES, STORIES)
def test_it_only_goes_forward_and_ends_once(life: Life, story: list[tuple[Event, float]]) -> None:
    told = tell(life, story)
    states = [State.LAUNCHING, *(after.state for _, _, after, _ in told)]
    assert [ORDER.index(s) for s in states] == sorted(ORDER.index(s) for s in states)
    gone = [effect for *_, effects in told for effect in effects if effect is Effect.GONE]
    assert len(gone) == (states[-1] is State.STOPPED)
    assert (states[-1] is State.STOPPED) == any(event is Event.EXITED for event, *_ in told)


@given(LIVES, STORIES)
def test_nothing_is_done_unasked(life: Life, story: list[tuple[Event, float]]) -> None:
    """No drain before RETIRE, no stop signal before, no kill before its timeout, none after."""
    retired = drained = ended = False
    signalled: float | None = None
    online = False
    for event, now, after, effects in tell(life, story):
        retired |= event is Event.RETIRE
        for effect in effects:
            assert not ended
            if effect is Effect.ENTER:
                assert not retired
                online = True
            elif effect is Effect.DRAIN:
                assert retired
                assert online
                assert not drained
                drained = True
            elif effect is Effect.SIGNAL:
                assert retired
                assert drained or not online
                assert signalled is None
                signalled = now
            elif effect is Effect.KILL:
                assert signalled is not None
                assert now >= signalled + life.kill_timeout
        ended |= after.state is State.STOPPED


@given(LIVES, STORIES)
def test_a_deadline_stands_exactly_while_something_is_waited_for(
    life: Life, story: list[tuple[Event, float]]
) -> None:
    for _, _, after, _ in tell(life, story):
        bounded = after.state in (State.DRAINING, State.STOPPING)
        assert (after.deadline is not None) == bounded


@given(LIVES, STORIES)
def test_who_is_retired_is_killed_in_bounded_time(
    life: Life, story: list[tuple[Event, float]]
) -> None:
    """Ticks at its deadlines alone bring it to the kill, whatever was before."""
    told = tell(life, [*story, (Event.RETIRE, 0.0)])
    _, now, life, _ = told[-1]
    if life.state is State.STOPPED:
        return
    done: list[Effect] = []
    for _ in range(3):
        assert life.deadline is not None
        now = max(now, life.deadline)
        life, effects = step(life, Event.TICK, now)
        done += effects
    assert Effect.KILL in done
