"""What an app waits for before it starts: other apps, and what is asked of each. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping

from .record import dataclass


class Condition(str, enum.Enum):
    """What is asked of an app that another depends on."""

    STARTED = "started"
    """Its process has been started."""
    READY = "ready"
    """It can serve; a job that listens on nothing has been completed."""
    COMPLETED = "completed"
    """It has ended by itself, with success: a migration, say."""


@dataclass(frozen=True)
class Dependency:
    """One app that another depends on."""

    app: str
    condition: Condition = Condition.READY


Graph = Mapping[str, Iterable[Dependency]]
"""What each app depends on, by its name; what is depended on may be missing."""


def cycle_in(graph: Graph) -> tuple[str, ...]:
    """Return a circle of apps, such as (a, b, a), or nothing if there is none."""
    done: set[str] = set()
    for first in graph:
        path: list[str] = []
        branches = [iter([first])]
        while branches:
            name = next(branches[-1], None)
            if name is None:
                branches.pop()
                done.update(path[-1:])
                path[-1:] = []
            elif name in path:
                return (*path[path.index(name) :], name)
            elif name not in done:
                path.append(name)
                branches.append(iter([needed.app for needed in graph.get(name, ())]))
    return ()


def circles_in(graph: Graph) -> Iterator[tuple[str, ...]]:
    """Yield circles of apps until there is none left; no app is in two of those yielded."""
    left = dict(graph)
    while circle := cycle_in(left):
        yield circle
        left = {name: needs for name, needs in left.items() if name not in circle}


def needed_by(graph: Graph, name: str) -> set[str]:
    """Return all apps that one needs: those it depends on, and what these depend on."""
    found: set[str] = set()
    left = [name]
    while left:
        for needed in graph.get(left.pop(), ()):
            if needed.app not in found:
                found.add(needed.app)
                left.append(needed.app)
    return found


def dependents(graph: Graph, name: str) -> list[str]:
    """Return the apps that depend on one, in order; in a circle there is no order: none of it."""
    before = needed_by(graph, name)
    return [
        other
        for other, needs in sorted(graph.items())
        if other not in before and any(needed.app == name for needed in needs)
    ]
