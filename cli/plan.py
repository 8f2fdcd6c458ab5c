"""What `pm apply` would do: a file's apps beside those of the list. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

from pm.answers import Detail
from pm.changes import Difference, Need, differences, need_of
from pm.dependency import needed_by
from pm.model import AppSpec, Served, State
from pm.record import dataclass, field


class Deed(str, enum.Enum):
    """What is done to one app."""

    ADD = "add"
    """It is not in the list: it is started."""
    CHANGE = "change"
    """By what its differences need."""
    START = "start"
    """It is as the file says, and stopped or errored."""
    REMOVE = "remove"
    KEEP = "keep"
    """It is as the file says."""
    SPARE = "spare"
    """It came from this file and is no longer in it; it goes on, for nobody said --prune."""


@dataclass(frozen=True)
class Step:
    """One app's part of a plan."""

    app: str
    deed: Deed
    need: Need = Need.NOTHING
    found: tuple[Difference, ...] = ()
    spec: AppSpec | None = None
    """What the file says; None of what is not in it."""
    claims: bool = False
    """It is this file's from now on, and came from another, or from none."""
    former: str = ""
    """The other file, or empty."""
    overlaps: bool = True
    """False if a reload stops each old worker before the new one starts."""

    @property
    def idle(self) -> bool:
        """True if nothing is to be done that anybody would see."""
        return self.deed in (Deed.KEEP, Deed.SPARE)


@dataclass(frozen=True)
class Wishes:
    """How a file is to be applied."""

    source: str = ""
    """The file's absolute path; empty for standard input."""
    prune: bool = False
    whole: bool = True
    """False if only some of the file's apps were asked for: nothing is known of the others."""
    inherited: bool = False
    """What an app has from its caller's environment counts too (--update-env)."""
    least: Need = Need.NOTHING
    """Done also to what is as the file says: RELOAD for code that has changed."""
    listed: Mapping[str, Detail] = field(default_factory=dict)
    """The apps of the list, by name."""


def plan(specs: Sequence[AppSpec], wishes: Wishes) -> tuple[Step, ...]:
    """Return the steps in their order: new apps, changes, removals.

    Of apps that depend on each other, those that others need come first.
    """
    graph = {spec.name: spec.depends_on for spec in specs}
    ordered = sorted(specs, key=lambda spec: len(needed_by(graph, spec.name)))
    steps = [_step(spec, wishes.listed.get(spec.name), wishes) for spec in ordered]
    return tuple(sorted([*steps, *_left_over(graph, wishes)], key=_turn))


def _turn(step: Step) -> int:
    """First what harms nobody if it fails; last what cannot be taken back."""
    turns = {Deed.ADD: 0, Deed.REMOVE: 2}
    return turns.get(step.deed, 1)


def _step(spec: AppSpec, detail: Detail | None, wishes: Wishes) -> Step:
    if detail is None:
        return Step(spec.name, Deed.ADD, spec=spec)
    found = differences(detail.spec, spec, wishes.inherited)
    need = need_of(found, wishes.least)
    claims = bool(spec.source) and spec.source != detail.spec.source
    down = detail.app.state is State.ERRORED or detail.app.wanted is State.STOPPED
    deed = Deed.START if down else Deed.KEEP if need is Need.NOTHING else Deed.CHANGE
    former = detail.spec.source if claims else ""
    return Step(spec.name, deed, need, found, spec, claims, former, _overlaps(detail, spec))


def _overlaps(detail: Detail, spec: AppSpec) -> bool:
    """Return True if old and new may run side by side, as the master decides it at a reload."""
    served = {one.served for one in detail.app.listeners}
    own = {Served.OWN.value, Served.REUSEPORT.value}
    return bool(served - own) or served == {Served.REUSEPORT.value} or spec.max_surge > 0


def _left_over(names: Iterable[str], wishes: Wishes) -> list[Step]:
    """Return a step for each app that came from this file and is no longer in it."""
    if not wishes.source or not wishes.whole:
        return []
    ours = {name for name, one in wishes.listed.items() if one.spec.source == wishes.source}
    deed = Deed.REMOVE if wishes.prune else Deed.SPARE
    return [Step(name, deed) for name in sorted(ours.difference(names))]
