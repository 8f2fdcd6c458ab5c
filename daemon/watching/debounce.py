"""When a change of files is to be answered with a reload. Pure: `step(state, event, now)`.

Files are written in bursts: a reload begins `delay` seconds after the last change of a burst,
and not later than `LONGEST_BURST` after its first. What changes while a reload runs is answered
with one more. An app that writes a file of its own at each start would go on for ever: when the
same files follow each reload at once, the pauses grow.
"""

from __future__ import annotations

from pm.record import dataclass, replace

LONGEST_BURST = 5.0
SOON = 2.0
"""Seconds after a reload in which a change may come from that reload."""
PATIENCE = 4
"""Reloads in a row that bring forth the next, before the pauses grow."""
LONGEST_PAUSE = 60.0
_FILES_KEPT = 100


@dataclass(frozen=True)
class Changed:
    """Files have changed, the first to be named first."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Woken:
    """A time asked for has come."""


@dataclass(frozen=True)
class Reloaded:
    """The reload has ended, well or not."""


Event = Changed | Woken | Reloaded


@dataclass(frozen=True)
class Wake:
    """Deed: send `Woken` at this time."""

    at: float


@dataclass(frozen=True)
class Begin:
    """Deed: reload, because of these files."""

    files: tuple[str, ...]
    circles: bool = False
    """True when it becomes clear that the app changes these files itself."""


@dataclass(frozen=True)
class Debounce:
    """Changes that wait for their reload."""

    delay: float
    files: tuple[str, ...] = ()
    first: float = 0.0
    last: float = 0.0
    busy: bool = False
    """True while a reload runs."""
    cause: frozenset[str] = frozenset()
    """The files of the last reload."""
    ended: float = float("-inf")
    repeats: int = 0
    """Reloads in a row that may have brought forth the next."""


def step(state: Debounce, event: Event, now: float) -> tuple[Debounce, Wake | Begin | None]:
    """Take one event; times are in seconds of one monotonic clock."""
    if isinstance(event, Changed):
        if not event.files:
            return state, None
        state = _noted(state, event.files, now)
        return state, None if state.busy else Wake(_due(state))
    if isinstance(event, Reloaded):
        state = replace(state, busy=False, ended=now)
        return state, Wake(_due(state)) if state.files else None
    if state.busy or not state.files:
        return state, None
    if now < _due(state):
        return state, Wake(_due(state))
    return _begun(state)


def _noted(state: Debounce, files: tuple[str, ...], now: float) -> Debounce:
    known = tuple(dict.fromkeys((*state.files, *files)))[:_FILES_KEPT]
    first = state.first if state.files else now
    return replace(state, files=known, first=first, last=now)


def _due(state: Debounce) -> float:
    pause = _pause(state.repeats) if _repeats(state) else 0.0
    quiet = min(state.last + state.delay, state.first + max(LONGEST_BURST, state.delay))
    return max(quiet, state.ended + pause)


def _begun(state: Debounce) -> tuple[Debounce, Begin]:
    repeats = state.repeats + 1 if _repeats(state) else 0
    begun = replace(
        state, files=(), busy=True, cause=frozenset(state.files), repeats=repeats
    )  # fmt: skip
    return begun, Begin(state.files, repeats == PATIENCE)


def _repeats(state: Debounce) -> bool:
    """True if these files may have been changed by the last reload."""
    return state.first < state.ended + SOON and set(state.files) <= state.cause


def _pause(repeats: int) -> float:
    return 0.0 if repeats < PATIENCE else min(LONGEST_PAUSE, float(2 ** (repeats - PATIENCE + 1)))
