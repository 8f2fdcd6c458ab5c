"""The value of `depends_on`: a name, a list of names and tables, or a table of conditions."""

from __future__ import annotations

from collections.abc import Iterator

from pm.codec import suggest
from pm.dependency import Condition
from pm.errors import ConfigError

from .kinds import Kind
from .place import Place, expanded

_CONDITIONS = [condition.value for condition in Condition]
_FORMS = 'as in ["db", {app = "migrate", condition = "completed"}]'


def _read(value: object, place: Place) -> tuple[dict[str, str], ...]:
    """Return the fields of each `Dependency`."""
    found = tuple(_each(value, place))
    names = [one["app"] for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"`{twice}` is named twice", "give it one condition")
    return found


def _each(value: object, place: Place) -> Iterator[dict[str, str]]:
    if isinstance(value, dict):
        for name, condition in value.items():
            of = condition if isinstance(condition, dict) else {"condition": condition}
            yield _one({"app": name, **of}, place)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield _one(item if isinstance(item, dict) else {"app": item}, place)
    else:
        yield _one({"app": value}, place)


def _one(table: dict[str, object], place: Place) -> dict[str, str]:
    condition = table.get("condition", Condition.READY.value)
    app = table.get("app")
    if not isinstance(app, str) or not app or table.keys() - {"app", "condition"}:
        shown = app if table.keys() == {"app"} else table
        raise ConfigError(f"{shown!r} is no dependency", _FORMS)
    if condition not in _CONDITIONS:
        near = suggest(str(condition), _CONDITIONS) or f"one of {', '.join(_CONDITIONS)}"
        raise ConfigError(f"{app}: {condition!r} is no condition", near)
    return {"app": expanded(app, place), "condition": str(condition)}


_NAME = {"type": "string", "minLength": 1}
_CONDITION = {"enum": _CONDITIONS}
_TABLE = {
    "type": "object",
    "properties": {"app": _NAME, "condition": _CONDITION},
    "required": ["app"],
    "additionalProperties": False,
}
_DETAILS = {
    "type": "object",
    "properties": {"condition": _CONDITION},
    "additionalProperties": False,
}
_BY_NAME = {"type": "object", "additionalProperties": {"anyOf": [_CONDITION, _DETAILS]}}

DEPENDENCIES = Kind(
    "apps",
    _read,
    {"anyOf": [_NAME, {"type": "array", "items": {"anyOf": [_NAME, _TABLE]}}, _BY_NAME]},
)
