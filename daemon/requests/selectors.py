"""Which apps, and which of their slots, a user means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pm.codec import suggest
from pm.errors import NotFound, UsageError

from ..records.record import Record

Selection = dict[str, tuple[int, ...] | None]
"""App to slots, in the order asked; None is the whole app."""


def select(selectors: Sequence[str], records: Mapping[str, Record]) -> Selection:
    """Resolve names, namespaces, ids, NAME:SLOT, /regexes/ and `all`: a name wins over the others.

    Raises NotFound, or UsageError for a regex that is none.
    """
    chosen: Selection = {}
    for selector in selectors:
        for app, slot in _matches(selector, records):
            if slot is None:
                chosen[app] = None
            elif (slots := chosen.get(app, ())) is not None:
                chosen[app] = tuple(sorted({*slots, slot}))
    return chosen


def is_named(selectors: Sequence[str], record: Record) -> bool:
    """True if an app is meant by name or id, and not only as one of many."""
    own = {record.name, *(f"{record.name}:{s.slot}" for s in record.slots)}
    return not own.isdisjoint(selectors) or any(str(s.id) in selectors for s in record.slots)


def _matches(selector: str, records: Mapping[str, Record]) -> list[tuple[str, int | None]]:
    if selector == "all":
        return _whole(sorted(records))
    if selector in records:
        return _whole([selector])
    if len(selector) > 2 and selector.startswith("/") and selector.endswith("/"):
        return _by_regex(selector[1:-1], records)
    names = [name for name, record in records.items() if record.spec.namespace == selector]
    if names:
        return _whole(sorted(names))
    if selector.isascii() and selector.isdigit():
        return [_by_id(int(selector), records)]
    app, _, slot = selector.rpartition(":")
    if app in records and slot.isascii() and slot.isdigit():
        return [(app, _slot(records[app], int(slot)))]
    known = [*records, *(record.spec.namespace for record in records.values())]
    raise NotFound(
        f"no app is named `{selector}`", suggest(selector, known) or "`pm list` shows all apps"
    )


def _whole(names: Iterable[str]) -> list[tuple[str, int | None]]:
    return [(name, None) for name in names]


def _by_regex(pattern: str, records: Mapping[str, Record]) -> list[tuple[str, int | None]]:
    try:
        names = [name for name in sorted(records) if re.search(pattern, name)]
    except re.error as error:
        raise UsageError(f"/{pattern}/ is no regular expression: {error}") from None
    if not names:
        raise NotFound(f"no app's name matches /{pattern}/", "`pm list` shows all apps")
    return _whole(names)


def _slot(record: Record, number: int) -> int:
    if number not in record.numbers:
        slots = ", ".join(map(str, record.numbers))
        raise NotFound(f"`{record.name}` has no slot {number}", f"its slots are {slots}")
    return number


def _by_id(number: int, records: Mapping[str, Record]) -> tuple[str, int | None]:
    for name, record in records.items():
        for slot in record.slots:
            if slot.id == number:
                return name, slot.slot
    raise NotFound(f"no worker has the id {number}", "`pm list` shows all ids")
