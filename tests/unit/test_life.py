"""Each transition of a worker's life."""

from __future__ import annotations

import pytest

from pm.master.workers.life import Effect, Event, Life, step
from pm.model import State

NEW = Life(drain_limit=5.0, kill_timeout=3.0)
ONLINE = Life(State.ONLINE, None, 5.0, 3.0)
DRAINING = Life(State.DRAINING, 105.0, 5.0, 3.0)
STOPPING = Life(State.STOPPING, 103.0, 5.0, 3.0)
STOPPED = Life(State.STOPPED, None, 5.0, 3.0)


@pytest.mark.parametrize(
    ("before", "event", "after", "effects"),
    [
        (NEW, Event.READY, ONLINE, (Effect.ENTER,)),
        (NEW, Event.RETIRE, STOPPING, (Effect.SIGNAL,)),
        (NEW, Event.EXITED, STOPPED, (Effect.GONE,)),
        (NEW, Event.QUIET, NEW, ()),
        (NEW, Event.TICK, NEW, ()),
        (ONLINE, Event.READY, ONLINE, ()),
        (ONLINE, Event.RETIRE, DRAINING, (Effect.DRAIN,)),
        (ONLINE, Event.EXITED, STOPPED, (Effect.GONE,)),
        (ONLINE, Event.QUIET, ONLINE, ()),
        (ONLINE, Event.TICK, ONLINE, ()),
        (DRAINING, Event.READY, DRAINING, ()),
        (DRAINING, Event.RETIRE, DRAINING, ()),
        (DRAINING, Event.QUIET, STOPPING, (Effect.SIGNAL,)),
        (DRAINING, Event.TICK, DRAINING, ()),
        (DRAINING, Event.EXITED, STOPPED, (Effect.GONE,)),
        (STOPPING, Event.READY, STOPPING, ()),
        (STOPPING, Event.RETIRE, STOPPING, ()),
        (STOPPING, Event.QUIET, STOPPING, ()),
        (STOPPING, Event.TICK, STOPPING, ()),
        (STOPPING, Event.EXITED, STOPPED, (Effect.GONE,)),
        *((STOPPED, event, STOPPED, ()) for event in Event),
    ],
)
def test_transition(before: Life, event: Event, after: Life, effects: tuple[Effect, ...]) -> None:
    assert step(before, event, 100.0) == (after, effects)


def test_draining_is_bounded() -> None:
    assert step(DRAINING, Event.TICK, 104.9) == (DRAINING, ())
    life, effects = step(DRAINING, Event.TICK, 105.0)
    assert (life.state, life.deadline, effects) == (State.STOPPING, 108.0, (Effect.SIGNAL,))


def test_stopping_is_bounded_and_the_kill_is_repeated() -> None:
    life, effects = step(STOPPING, Event.TICK, 103.0)
    assert effects == (Effect.KILL,)
    assert life.deadline == 104.0
    assert step(life, Event.TICK, 103.5) == (life, ())
    assert step(life, Event.TICK, 104.0)[1] == (Effect.KILL,)


def test_no_patience_at_all() -> None:
    life, _ = step(Life(State.ONLINE, None, 0.0, 0.0), Event.RETIRE, 0.0)
    life, effects = step(life, Event.TICK, 0.0)
    assert effects == (Effect.SIGNAL,)
    assert step(life, Event.TICK, 0.0)[1] == (Effect.KILL,)
