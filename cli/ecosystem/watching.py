"""PM2's `watch_options`: what chokidar is told there, as keys of ours."""

from __future__ import annotations

import sys

from pm.codec import suggest
from pm.errors import ConfigError

from .kinds import DURATION, FLAG, WORDS, Kind
from .place import Place

_NEEDLESS = frozenset({
    "alwaysStat", "atomic", "awaitWriteFinish", "binaryInterval", "cwd", "disableGlobbing",
    "ignoreInitial", "ignorePermissionErrors", "persistent", "useFsEvents",
})  # fmt: skip
"""As pm does it, or about the way of chokidar only."""
_NO_MEANING = {
    "depth": "folders are left out by ignore_watch",
    "followSymlinks": "links to folders are never followed; name what they lead to in `watch`",
}
_POLLING = 0.1
"""Seconds between chokidar's looks, if none are given."""


def _read(value: object, place: Place) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{value!r} is not a table")
    fields: dict[str, object] = {}
    for name, item in value.items():
        if name == "ignored":
            fields["ignore_watch"] = WORDS.read(item, place)
        elif name == "usePolling" and FLAG.read(item, place):
            fields.setdefault("watch_polling", _POLLING)
        elif name == "interval" and value.get("usePolling"):
            fields["watch_polling"] = DURATION.read(item, place)
        elif name in _NO_MEANING and item:
            print(f"warning: watch_options.{name}: {_NO_MEANING[name]}", file=sys.stderr)
        elif name not in _ALL:
            known = suggest(str(name), _ALL) or "ignored, usePolling, interval, awaitWriteFinish"
            raise ConfigError(f"no option `{name}`", known)
    delay = value.get("awaitWriteFinish")
    if isinstance(delay, dict) and "stabilityThreshold" in delay:
        fields["watch_delay"] = DURATION.read(delay["stabilityThreshold"], place)
    return fields


_ALL = frozenset({*_NEEDLESS, *_NO_MEANING, "ignored", "usePolling", "interval"})

WATCH_OPTIONS = Kind("table", _read, {"type": "object"})
