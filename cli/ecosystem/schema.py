"""The JSON Schema of ecosystem files, for editors (`pm schema`), made from the keys."""

from __future__ import annotations

from typing import Any

from .keys import ALIASES, KEYS, MEANINGLESS, explained
from .kinds import VARIABLES


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a whole file."""
    app = {
        "type": "object",
        "properties": _properties(),
        "patternProperties": {"^env_(?!file$)": VARIABLES.schema},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ecosystem file of pm",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "apps": {"type": "array", "items": {"$ref": "#/$defs/app"}, "minItems": 1},
            "defaults": {"$ref": "#/$defs/app"},
            "deploy": {"type": "object"},
        },
        "required": ["apps"],
        "additionalProperties": False,
        "$defs": {"app": app},
    }


def _properties() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in KEYS.items():
        found[name] = {**key.kind.schema, "description": explained(name)}
    for alias, name in ALIASES.items():
        found[alias] = {**KEYS[name].kind.schema, "description": f"PM2's name of `{name}`."}
    for name, why in MEANINGLESS.items():
        found[name] = {"description": f"Changes nothing: {why}.", "deprecated": True}
    return dict(sorted(found.items()))
