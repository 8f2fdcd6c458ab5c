"""Kinds of values about log files that are tables or more than one key: `log_rotate`, `time`."""

from __future__ import annotations

import sys

from pm.codec import suggest
from pm.errors import ConfigError

from .kinds import FLAG, SIZE, WHOLE, Kind
from .place import Place

_FIELDS = {
    "max_size": ("log_max_size", SIZE), "keep": ("log_keep", WHOLE),
    "retain": ("log_keep", WHOLE), "compress": ("log_compress", FLAG),
}  # fmt: skip
"""Our field of each key; those of PM2's module pm2-logrotate too."""
_NO_MEANING = {
    "dateFormat": "rotated files are numbered, the latest is .1",
    "workerInterval": "the size is looked at with each line",
    "rotateInterval": "rotated is by size",
    "rotateModule": "pm's own log is not rotated by it",
    "TZ": "rotated is by size",
}


def _rotate(value: object, place: Place) -> dict[str, object]:
    """Read true, false (never), a size, or a table."""
    if isinstance(value, bool):
        return {} if value else {"log_max_size": 0}
    if not isinstance(value, dict):
        return {"log_max_size": SIZE.read(value, place)}
    fields: dict[str, object] = {}
    for name, item in value.items():
        if name in _NO_MEANING:
            print(f"warning: log_rotate.{name}: {_NO_MEANING[name]}", file=sys.stderr)
        elif name not in _FIELDS:
            known = suggest(str(name), _FIELDS) or "max_size, keep, compress"
            raise ConfigError(f"no option `{name}`", known)
        else:
            field, kind = _FIELDS[name]
            fields[field] = kind.read(item, place)
    return fields


LOG_ROTATE = Kind(
    "true, false, size or table", _rotate,
    {"anyOf": [{"type": ["boolean", "integer", "string"]}, {"type": "object"}]},
)  # fmt: skip
