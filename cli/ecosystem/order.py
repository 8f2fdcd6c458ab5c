"""What is wrong with the order of a file's apps: told with the file's other faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pm.dependency import Dependency
from pm.errors import PmError
from pm.model import AppSpec
from pm.order import Part, order_faults, part_of
from pm.record import dataclass, field, replace

Listed = Callable[[], Mapping[str, AppSpec]]
"""Asks for the apps of the list, by name; raises PmError if they cannot be known."""


@dataclass
class Order:
    """The apps of a file, and who of them needs whom."""

    apps: dict[str, Part] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Where in the file each stands."""
    others: set[str] = field(default_factory=set)
    """Apps of the file that were not chosen."""
    unnamed: bool = False
    """There is an app of which faults hide the name."""

    def add(self, where: str, spec: AppSpec) -> None:
        """Note an app."""
        self._note(where, spec.name, part_of(spec))

    def outline(self, where: str, name: str, needs: tuple[Dependency, ...]) -> None:
        """Note an app that has faults: only what is certain of it shall be held against others."""
        self.unnamed = self.unnamed or not name
        self._note(where, name or where, Part(needs))

    def faults(self, listed: Listed | None) -> Iterator[str]:
        """Yield what is wrong, with its place; without `listed`, other apps are not judged."""
        known = self._known(listed)
        apps = {name: self._judged(part, known) for name, part in self.apps.items()}
        for name, fault in order_faults(apps, known or {}):
            yield f"{self.places[name]}: depends_on: {fault}"
        if known is None:
            return
        for name, part in self.apps.items():
            for needed in part.needs:
                if needed.app in self.others - known.keys():
                    fault = f"`{needed.app}` is not in the list, and --only leaves it out"
                    yield f"{self.places[name]}: depends_on: {fault}"

    def _note(self, where: str, name: str, part: Part) -> None:
        self.apps[name] = part
        self.places[name] = where

    def _known(self, listed: Listed | None) -> Mapping[str, Part] | None:
        """Return the apps of the list, None if nobody can tell; asks only if it matters."""
        needed = {one.app for part in self.apps.values() for one in part.needs}
        if needed <= self.apps.keys():
            return {}
        try:
            found = None if listed is None else listed()
        except PmError:
            return None  # the command itself will meet it, and say it
        return None if found is None else {name: part_of(found[name]) for name in found}

    def _judged(self, part: Part, known: Mapping[str, Part] | None) -> Part:
        """Leave out what an app needs that may be there, for all that is known."""
        sure = known is not None and not self.unnamed
        there = self.apps.keys() | (known or {}).keys()
        needs = tuple(
            needed
            for needed in part.needs
            if needed.app in there or (sure and needed.app not in self.others)
        )
        return replace(part, needs=needs)
