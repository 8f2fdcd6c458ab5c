"""Whether apps can be started in the order that their `depends_on` asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .codec import suggest
from .dependency import Condition, Dependency, Graph, cycle_in
from .errors import ConfigError
from .model import AppSpec


def check_order(specs: Iterable[AppSpec], known: Mapping[str, AppSpec]) -> None:
    """Refuse, with ConfigError, new specs that could never start; `known` are the other apps.

    Everything that is wrong is said at once.
    """
    fresh = {spec.name: spec for spec in specs}
    every = {**known, **fresh}
    faults = [
        f"{spec.name}: depends_on: {fault}"
        for spec in fresh.values()
        for needed in spec.depends_on
        if (fault := _fault(needed, every))
    ]
    if len(faults) == 1:
        raise ConfigError(faults[0], "nothing was changed")
    if faults:
        raise ConfigError(f"{len(faults)} dependencies are wrong", "nothing was changed", faults)
    check_circle({name: spec.depends_on for name, spec in every.items()})


def check_circle(graph: Graph) -> None:
    """Refuse, with ConfigError, apps that wait for each other, and name them."""
    circle = cycle_in(graph)
    if circle:
        text = f"these apps wait for each other: {' -> '.join(circle)}"
        raise ConfigError(text, "take one of them out of depends_on; nothing was changed")


def _fault(needed: Dependency, every: Mapping[str, AppSpec]) -> str:
    spec = every.get(needed.app)
    if spec is None:
        near = suggest(needed.app, every) or "it has to be in the list, or in the same file"
        return f"no app is named `{needed.app}`; {near}"
    if spec.cron:
        return f"`{needed.app}` is started by the clock: it cannot be waited for"
    if needed.condition is Condition.COMPLETED and not may_complete(spec):
        return (
            f"`{needed.app}` is never completed, it restarts when it ends; a job has"
            " autorestart = false"
        )
    return ""


def may_complete(spec: AppSpec) -> bool:
    """True of a job: an app that is not started again when it has ended well."""
    return not spec.autorestart or 0 in spec.stop_exit_codes
