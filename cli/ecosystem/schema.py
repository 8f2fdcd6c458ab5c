"""The JSON Schema of ecosystem files, for editors (`pm schema`), made from the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.deploy import keys as deploy

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
            "deploy": {"type": "object", "additionalProperties": {"$ref": "#/$defs/deployment"}},
        },
        "required": ["apps"],
        "additionalProperties": False,
        "$defs": {"app": app, "deployment": _deployment()},
    }


def _deployment() -> dict[str, Any]:
    found = {
        name: {**key.kind.schema, "description": deploy.explained(name)}
        for name, key in deploy.KEYS.items()
    }
    return {
        "type": "object",
        "properties": _with_pm2s(found, deploy.ALIASES, deploy.MEANINGLESS),
        "required": list(deploy.REQUIRED),
        "additionalProperties": False,
    }


def _properties() -> dict[str, Any]:
    found = {
        name: {**key.kind.schema, "description": explained(name)} for name, key in KEYS.items()
    }
    return _with_pm2s(found, ALIASES, MEANINGLESS)


def _with_pm2s(
    found: dict[str, Any], aliases: Mapping[str, str], meaningless: Mapping[str, str]
) -> dict[str, Any]:
    """Add other names of keys, and keys of PM2 without a meaning."""
    for alias, name in aliases.items():
        found[alias] = {**found[name], "description": f"The same as `{name}`."}
    for name, why in meaningless.items():
        found[name] = {"description": f"Changes nothing: {why}.", "deprecated": True}
    return dict(sorted(found.items()))
