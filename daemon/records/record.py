"""What is kept of one app: its spec, its slots with their ids, what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pm.errors import UsageError
from pm.model import AppSpec
from pm.record import dataclass, replace
from pm.upkeep import Run

MOST_WORKERS = 1024


@dataclass(frozen=True)
class Slot:
    """One place for a worker, with the id that users know it by."""

    slot: int
    id: int
    wanted: bool = True


@dataclass(frozen=True)
class Job:
    """What is kept of an app's runs, if it is a job."""

    running: float = 0.0
    """When the run under way began, in seconds since the epoch; 0: there is none."""
    last: Run | None = None
    skipped: int = 0
    """Runs refused because the one before was still under way."""


@dataclass(frozen=True)
class Record:
    """One app as the store keeps it."""

    spec: AppSpec
    slots: tuple[Slot, ...]
    created_at: float
    known_to_listen: bool = False
    generation: int = 0
    job: Job = Job()

    @property
    def name(self) -> str:
        """The app's name."""
        return self.spec.name

    @property
    def numbers(self) -> tuple[int, ...]:
        """All slots, in order."""
        return tuple(s.slot for s in self.slots)

    @property
    def wanted(self) -> tuple[int, ...]:
        """The slots wanted online, in order."""
        return tuple(s.slot for s in self.slots if s.wanted)

    @property
    def lasting(self) -> bool:
        """True if it is wanted online now and from now on, and not only when the clock strikes."""
        return bool(self.wanted) and not self.spec.cron


def new_record(spec: AppSpec, cpus: int, next_id: int, now: float) -> Record:
    """Make the record of a new app; 0 instances mean one for each CPU."""
    count = spec.instances or cpus
    if count > MOST_WORKERS:
        raise UsageError(f"{count} workers are more than {MOST_WORKERS}", "ask for fewer with -i")
    slots = tuple(Slot(n, next_id + n, spec.autostart) for n in range(count))
    return Record(replace(spec, instances=count), slots, now)


def want(record: Record, slots: Iterable[int], wanted: bool) -> Record:
    """Change what is wanted of `slots`."""
    chosen = set(slots)
    changed = (replace(s, wanted=wanted) if s.slot in chosen else s for s in record.slots)
    return replace(record, slots=tuple(changed))


def resize(record: Record, count: int, next_id: int) -> Record:
    """Give the app `count` slots: the lowest free ones are added, the highest removed."""
    kept = record.slots[:count]
    taken = {s.slot for s in kept}
    online = bool(record.wanted) or not record.slots
    free = [n for n in range(count) if n not in taken][: count - len(kept)]
    added = (Slot(n, next_id + i, online) for i, n in enumerate(free))
    slots = tuple(sorted((*kept, *added), key=lambda s: s.slot))
    return replace(record, slots=slots, spec=replace(record.spec, instances=count))


def respecify(record: Record, spec: AppSpec, cpus: int, next_id: int) -> Record:
    """Give the app another spec, with all its slots wanted; slots that stay keep their ids.

    Of another program nothing is known yet, nor of one that listens in another way.
    """
    old = record.spec
    same = (old.script, old.target, old.exec_mode) == (spec.script, spec.target, spec.exec_mode)
    record = replace(record, known_to_listen=record.known_to_listen and same)
    resized = resize(record, new_record(spec, cpus, next_id, 0.0).spec.instances, next_id)
    specified = replace(resized, spec=replace(spec, instances=len(resized.slots)))
    return want(specified, specified.numbers, True)


def without(record: Record, slots: Iterable[int]) -> Record:
    """Remove `slots`; those left keep their numbers and ids."""
    gone = set(slots)
    left = tuple(s for s in record.slots if s.slot not in gone)
    return replace(record, slots=left, spec=replace(record.spec, instances=len(left)))


def parse_count(text: str, current: int, cpus: int) -> int:
    """Read "4", "+2", "-1" or "max" as a number of workers.

    Raises UsageError if it is no number, below 1, or absurdly high.
    """
    if text == "max":
        return cpus
    try:
        number = int(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no number of workers", "use a number, +N, -N or `max`"
        ) from None
    count = current + number if text.startswith(("+", "-")) else number
    if count < 1:
        hint = "`pm stop` stops an app, `pm delete` removes it"
        raise UsageError(f"an app cannot have {count} workers", hint)
    if count > MOST_WORKERS:
        raise UsageError(f"{count} workers are more than {MOST_WORKERS}")
    return count
