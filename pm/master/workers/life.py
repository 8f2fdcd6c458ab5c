"""The life of one worker process. Pure: `step(life, event, now) -> (life, effects)`.

    LAUNCHING --READY--> ONLINE --RETIRE--> DRAINING --QUIET, bound--> STOPPING --EXITED--> STOPPED
        |                                                                 ^
        +-------------------------- RETIRE -------------------------------+

DRAINING: out of rotation, finishing what was accepted. STOPPING: the stop signal was sent; after
the stop timeout SIGKILL. An exit is possible in every state.
"""

from __future__ import annotations

from enum import Enum

from ...model import State
from ...record import dataclass, replace


class Event(Enum):
    """What can happen to a worker."""

    READY = "ready"
    RETIRE = "retire"
    QUIET = "quiet"
    """All its connections are between requests."""
    TICK = "tick"
    """The deadline may have come."""
    EXITED = "exited"


class Effect(Enum):
    """What is to be done to it."""

    ENTER = "enter the rotation"
    DRAIN = "leave the rotation and finish"
    SIGNAL = "send the stop signal and wake it"
    KILL = "kill its process group"
    GONE = "take note that it is gone"


@dataclass(frozen=True)
class Life:
    """One process, from its launch to its end."""

    state: State = State.LAUNCHING
    deadline: float | None = None
    """When TICK matters next (monotonic seconds)."""
    drain_limit: float = 10.0
    kill_timeout: float = 10.0


def step(life: Life, event: Event, now: float) -> tuple[Life, tuple[Effect, ...]]:
    """Take one event."""
    match life.state, event:
        case State.STOPPED, _:
            return life, ()
        case _, Event.EXITED:
            return replace(life, state=State.STOPPED, deadline=None), (Effect.GONE,)
        case State.LAUNCHING, Event.READY:
            return replace(life, state=State.ONLINE, deadline=None), (Effect.ENTER,)
        case State.LAUNCHING, Event.RETIRE:
            return _stopping(life, now)
        case State.ONLINE, Event.RETIRE:
            until = now + life.drain_limit
            return replace(life, state=State.DRAINING, deadline=until), (Effect.DRAIN,)
        case State.DRAINING, Event.QUIET:
            return _stopping(life, now)
        case ((State.DRAINING | State.STOPPING), Event.TICK) if now >= (life.deadline or now):
            return _overdue(life, now)
    return life, ()


def _stopping(life: Life, now: float) -> tuple[Life, tuple[Effect, ...]]:
    until = now + life.kill_timeout
    return replace(life, state=State.STOPPING, deadline=until), (Effect.SIGNAL,)


def _overdue(life: Life, now: float) -> tuple[Life, tuple[Effect, ...]]:
    if life.state is State.DRAINING:
        return _stopping(life, now)
    # again and again: a process in uninterruptible sleep dies when the kernel lets it
    return replace(life, deadline=now + 1.0), (Effect.KILL,)
