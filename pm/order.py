"""Whether apps can be started in the order that their `depends_on` asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .codec import suggest
from .dependency import Condition, Dependency, Graph, circles_in, cycle_in
from .errors import ConfigError
from .model import AppSpec
from .record import dataclass


def check_order(specs: Iterable[AppSpec], known: Mapping[str, AppSpec]) -> None:
    """Refuse, with ConfigError, new specs that could never start; `known` are the other apps.

    Everything that is wrong is said at once.
    """
    fresh = {spec.name: part_of(spec) for spec in specs}
    others = {name: part_of(spec) for name, spec in known.items()}
    faults = [f"{name}: depends_on: {fault}" for name, fault in order_faults(fresh, others)]
    if len(faults) == 1:
        raise ConfigError(faults[0], "nothing was changed")
    if faults:
        raise ConfigError(f"{len(faults)} dependencies are wrong", "nothing was changed", faults)


@dataclass(frozen=True)
class Part:
    """What the order has to know of an app; by default nothing is wrong with it."""

    needs: tuple[Dependency, ...] = ()
    clocked: bool = False
    """The clock starts it."""
    ends: bool = True
    """It may be completed."""


def part_of(spec: AppSpec) -> Part:
    """Return a spec's part in the order."""
    return Part(spec.depends_on, bool(spec.cron), may_complete(spec))


def order_faults(fresh: Mapping[str, Part], known: Mapping[str, Part]) -> Iterator[tuple[str, str]]:
    """Yield the name of each new app that could never start, and why; `known` are the others."""
    every = {**known, **fresh}
    for name, part in fresh.items():
        for needed in part.needs:
            if fault := _fault(needed, every):
                yield name, fault
    for circle in circles_in({name: part.needs for name, part in every.items()}):
        if name := next((one for one in circle if one in fresh), ""):
            yield name, f"{_in_words(circle)}; take one of them out"


def check_circle(graph: Graph) -> None:
    """Refuse, with ConfigError, apps that wait for each other, and name them."""
    circle = cycle_in(graph)
    if circle:
        hint = "take one of them out of depends_on; nothing was changed"
        raise ConfigError(_in_words(circle), hint)


def _in_words(circle: Iterable[str]) -> str:
    return f"these apps wait for each other: {' -> '.join(circle)}"


def _fault(needed: Dependency, every: Mapping[str, Part]) -> str:
    part = every.get(needed.app)
    if part is None:
        near = suggest(needed.app, every) or "it has to be in the list, or in the same file"
        return f"no app is named `{needed.app}`; {near}"
    if part.clocked:
        return f"`{needed.app}` is started by the clock: it cannot be waited for"
    if needed.condition is Condition.COMPLETED and not part.ends:
        return (
            f"`{needed.app}` is never completed, it restarts when it ends; a job has"
            " autorestart = false"
        )
    return ""


def may_complete(spec: AppSpec) -> bool:
    """True of a job: an app that is not started again when it has ended well."""
    return not spec.autorestart or 0 in spec.stop_exit_codes
