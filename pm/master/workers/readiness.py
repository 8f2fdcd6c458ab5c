"""When is a worker ready? Said by the worker, never guessed from "it was spawned". Pure."""

from __future__ import annotations

from ...record import dataclass

SETTLE = 2.0
"""Seconds without a new listener after which a part of the keys is enough."""
QUIET_CPU = 0.3
_UNIX = "unix|"
"""What the keys of unix listeners begin with."""
LONGEST_GUESS = 5.0
MOST_STARVING = 15.0
"""Seconds that are added to the longest guess at most, for want of a core."""
_FIRST_LOOK = 0.25
_PAUSE = 0.1
"""Whether a worker listens by itself tells no event: it is looked at this often, at the start."""
QUIET_EXPECTING = 3.0
LONGEST_EXPECTING = 20.0
"""As the two above, for an app that may well listen soon."""


@dataclass(frozen=True)
class Expected:
    """What a worker has to do before it is ready."""

    listens: bool
    """It is known to listen, by those before it."""
    keys: frozenset[str]
    """Keys that those beside it serve."""
    whole: bool = True
    """All that it opens itself counts too; False: the first key that it serves is enough."""
    serves_itself: bool = False
    """Those beside it listen by themselves."""


@dataclass(frozen=True)
class Facts:
    """What is known of a launching worker. Times are monotonic seconds."""

    since: float
    """When it was launched."""
    wait_ready: bool = False
    said_ready: bool = False
    known_to_listen: bool = False
    joined: bool = False
    """It has started a child that may listen."""
    binds: bool = False
    """It has bound a port of the hand-off."""
    serves_itself: bool = False
    """It listens on a port by itself, past the hand-off."""
    fellows_serve: bool = False
    """The ready workers of the app do."""
    required: frozenset[str] = frozenset()
    """Keys that the ready workers of the app serve."""
    whole: bool = True
    """All keys that it listens on are required."""
    listened: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    """Keys on which the probe has been picked up."""
    last_listen: float = 0.0
    idle_since: float | None = None
    """Since when it and its children only wait; None while it is not known."""
    starved: float = 0.0
    """Seconds that it has waited for a core: it would have got on in them."""
    min_uptime: float = 1.0
    listen_timeout: float = 30.0


@dataclass(frozen=True)
class Readiness:
    """Ready or not, how, and when to look again if nothing happens (None: only events matter)."""

    ready: bool
    how: str = ""
    look_at: float | None = None


def assess(facts: Facts, now: float) -> Readiness:
    """Judge by the facts."""
    if facts.wait_ready:
        return Readiness(facts.said_ready, "said ready")
    if facts.listened:
        return _listening(facts, now)
    if facts.known_to_listen:
        return Readiness(False)
    if facts.serves_itself and not facts.binds:
        return Readiness(True, "listens by itself")
    if facts.fellows_serve:
        return Readiness(False, look_at=now + _PAUSE)
    return _silent(facts, now)


def _listening(facts: Facts, now: float) -> Readiness:
    keys = _deciding(facts.listened | facts.required)
    if not facts.accepted & keys:
        return Readiness(False)
    opened = keys if facts.whole else keys & facts.required
    if opened <= facts.accepted:
        return Readiness(True, "accepts")
    settled = facts.last_listen + SETTLE
    return Readiness(now >= settled, "accepts", settled)


def _deciding(keys: frozenset[str]) -> frozenset[str]:
    """Return the keys by which an app is judged.

    Unix listeners only where it has no other: beside a port they are for its own use.
    """
    return frozenset(key for key in keys if not key.startswith(_UNIX)) or keys


def _silent(facts: Facts, now: float) -> Readiness:
    """Judge an app that may never listen: up for a while, and quiet or long enough.

    The guess is made in half of its listen_timeout: one that only runs would else be given up.
    """
    half = facts.listen_timeout / 2
    while_up = min(facts.min_uptime, half)
    up = facts.since + while_up
    quiet, longest = QUIET_CPU, min(LONGEST_GUESS, half)
    if facts.joined or facts.binds:
        quiet, longest = QUIET_EXPECTING, LONGEST_EXPECTING
    longest = facts.since + max(longest, while_up) + min(facts.starved, MOST_STARVING)
    if now >= longest:
        return Readiness(True, "online, no port")
    if now < up:
        first = facts.since + _FIRST_LOOK
        return Readiness(False, look_at=min(up, max(first, now + _PAUSE)))
    if facts.idle_since is not None and now >= facts.idle_since + quiet:
        return Readiness(True, "online, no port")
    return Readiness(False, look_at=min(longest, now + _PAUSE))
