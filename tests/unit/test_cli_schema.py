"""The keys of ecosystem files, the JSON Schema and the example that are made from them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import jsonschema
import pytest

from cli.deploy.config import read as deployment
from cli.ecosystem.apps import read
from cli.ecosystem.formats import OURS
from cli.ecosystem.keys import KEYS
from cli.ecosystem.place import Place
from cli.ecosystem.reading import Remarks, read_table
from cli.ecosystem.schema import schema
from cli.target import this_caller
from pm.model import AppSpec
from pm.record import fields_of
from tests.e2e.test_keys import CHECKS, ELSEWHERE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).resolve().parents[2] / "ecosystem.example.toml"
APPS, DEPLOYMENT = EXAMPLE.read_text().split("# [deploy.production]\n")
SHOWN = re.findall(r"^(?:# )?(\w+) = .*", APPS, re.MULTILINE)


def test_the_schema_knows_what_is_read() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    validator.validate(tomllib.loads(EXAMPLE.read_text()))
    assert not validator.is_valid({"apps": [{"script": "web.py", "instnces": 2}]})
    assert not validator.is_valid({"apps": [{"script": "web.py", "autorestart": "yes"}]})


def test_the_example_shows_every_key() -> None:
    assert KEYS.keys() - set(SHOWN) == set()
    read(str(EXAMPLE), this_caller())


@pytest.mark.parametrize("line", re.findall(r"^(?:# )?(\w+ = .*)", APPS, re.M))
def test_each_line_of_the_example_is_right(line: str, tmp_path: Path) -> None:
    script = "" if line.startswith(("script", "module")) else "script = 'web.py'\n"
    text = f"[[apps]]\n{script}{line}\n"
    jsonschema.validate(tomllib.loads(text), schema())
    key, value = next(iter(tomllib.loads(line).items()))
    place = Place(str(tmp_path), OURS, {"HOME": "/"})
    remarks = Remarks("")
    (tmp_path / "examples").mkdir()
    read_table({key: value}, "", place, remarks)
    assert [fault for fault in remarks.faults if "is no folder" not in fault] == []


def test_the_deployment_of_the_example_is_right(tmp_path: Path) -> None:
    table = "[deploy.production]\n" + DEPLOYMENT.replace("# ", "")
    path = tmp_path / "ecosystem.toml"
    path.write_text("[[apps]]\nscript = 'web.py'\n" + table)
    jsonschema.validate(tomllib.loads(path.read_text()), schema())
    assert deployment(str(path), "production", str(tmp_path), {}).path == "/var/www/shop"


def test_every_field_of_a_spec_has_a_key() -> None:
    internal = {"target", "env_set", "source", "unwatched"}
    assert (fields_of(AppSpec) or {}).keys() - KEYS.keys() <= internal


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_shown_by_its_effect_on_a_process(key: str) -> None:
    assert key in CHECKS or key in ELSEWHERE, f"tests/e2e/test_keys.py shows nothing of `{key}`"
    if key in ELSEWHERE:
        text = (EXAMPLE.parent / ELSEWHERE[key]).read_text()
        assert key in text or f"--{key.replace('_', '-')}" in text
