"""The keys and values of one table: each read by its kind, every fault told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pm.bounds import check
from pm.codec import suggest
from pm.errors import ConfigError, PmError
from pm.record import dataclass, field

from .keys import KEYS, MEANINGLESS, canonical, named_env
from .place import Place

Values = dict[str, Any]
"""What a table says, by canonical keys, of each key's own type."""


@dataclass
class Remarks:
    """What is to be said of a file when all of it has been read."""

    path: str
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    idle: dict[str, list[str]] = field(default_factory=dict)
    """Keys that change nothing, and the tables that have them."""

    def at(self, where: str) -> Callable[[str], None]:
        """Return what notes a fault of this table."""
        return lambda fault: self.faults.append(f"{where}: {fault}")

    def tell(self) -> None:
        """Print the notes; raises ConfigError with all faults."""
        if self.faults:
            count = f"{len(self.faults)} places" if len(self.faults) > 1 else "one place"
            raise ConfigError(f"{self.path} is wrong in {count}", "nothing was done", self.faults)
        idle = (
            f"{', '.join(tables)}: `{key}` changes nothing: {MEANINGLESS[key]}"
            for key, tables in self.idle.items()
        )
        for note in (*self.notes, *idle):
            print(f"note: {note}", file=sys.stderr)


def read_table(
    table: dict[str, Any], where: str, place: Place, remarks: Remarks
) -> tuple[Values, set[str]]:
    """Return a table's values and the keys whose value is wrong; those are told to `remarks`."""
    values: Values = {}
    wrong: set[str] = set()
    fault = remarks.at(where)
    for written, value in table.items():
        key = canonical(written, place.dialect)
        if key in MEANINGLESS:
            remarks.idle.setdefault(key, []).append(where)
            continue
        try:
            if key in values:
                raise ConfigError(f"{written}: the same as `{key}`, which is there too")
            values[key] = _value(key, value, place)
        except PmError as error:
            wrong.add(key)
            several = [f"{written}: {line}" for line in error.lines]
            for said in several or (sentence(error, written),):
                fault(said)
    return values, wrong


def sentence(error: PmError, key: str = "") -> str:
    """Return an error as one line, with the key in front if it is not there already."""
    said = error.message + (f"; {error.hint}" if error.hint else "")
    return said if not key or said.startswith((key, "unknown key")) else f"{key}: {said}"


def _value(key: str, value: object, place: Place) -> object:
    if named_env(key):
        return KEYS["env"].kind.read(value, place)
    if key not in KEYS:
        raise ConfigError(f"unknown key `{key}`", suggest(key, KEYS))
    read = KEYS[key].kind.read(value, place)
    if key not in ("name_prefix", "instances"):
        check(key, read)
    return read


def merged(below: Values, above: Values) -> Values:
    """Lay an app's values over [defaults]; tables of variables are laid over one another."""
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if key == "env" or named_env(key):
            both[key] = {**below[key], **above[key]}
    for one, other in (("script", "module"), ("module", "script")):
        if one in above and other not in above:
            both.pop(other, None)
    return both
