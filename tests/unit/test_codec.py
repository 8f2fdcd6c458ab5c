"""Data from outside becomes our types or is refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from pm.api import Envelope, Ping, Reply, Start
from pm.codec import dumps, from_plain, loads, suggest, to_plain
from pm.errors import ConfigError
from pm.model import AppSpec, Mode, WorkerView


@dataclass(frozen=True)
class Sample:
    count: int
    ratio: float = 0.5
    sure: bool = False
    mode: Mode = Mode.FORK
    names: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    code: int | None = None
    pick: Literal["a", "b"] = "a"


def test_a_dataclass_survives_the_way_there_and_back() -> None:
    sample = Sample(3, 1.5, True, Mode.CLUSTER, ("x", "y"), {"K": "v"}, 7, "b")
    assert loads(Sample, dumps(sample)) == sample


def test_defaults_fill_what_is_left_out() -> None:
    assert from_plain(Sample, {"count": 1}) == Sample(1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "Sample: missing key `count`"),
        ({"count": "1"}, "Sample.count: '1' is not a whole number"),
        ({"count": True}, "Sample.count: True is not a whole number"),
        ({"count": 1.0}, "Sample.count: 1.0 is not a whole number"),
        ({"count": 1, "ratio": True}, "Sample.ratio: True is not a number"),
        ({"count": 1, "sure": 1}, "Sample.sure: 1 is not true or false"),
        ({"count": 1, "mode": "spoon"}, "Sample.mode: 'spoon' is not one of cluster, fork"),
        ({"count": 1, "mode": []}, "Sample.mode: [] is not one of cluster, fork"),
        ({"count": 1, "names": "xy"}, "Sample.names: 'xy' is not tuple"),
        ({"count": 1, "names": ["x", 2]}, "Sample.names[1]: 2 is not text"),
        ({"count": 1, "env": {"K": 2}}, "Sample.env.K: 2 is not text"),
        ({"count": 1, "code": "no"}, "Sample.code: 'no' is not a whole number"),
        ({"count": 1, "pick": "c"}, "Sample.pick: 'c' is not one of a, b"),
        ([], "Sample: [] is not Sample"),
        (None, "Sample: None is not Sample"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_plain(Sample, data)
    assert caught.value.message == message


def test_an_unknown_key_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        from_plain(Sample, {"count": 1, "nams": []}, "apps[0]")
    assert caught.value.message == "apps[0]: unknown key `nams`"
    assert caught.value.hint == "did you mean `names`?"


@pytest.mark.parametrize("key", ["name", "answer"])
def test_class_variables_are_no_keys(key: str) -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        from_plain(Ping, {key: "x"})


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe\x00", "[" * 100_000, b"1" * 5000])
def test_bad_json_is_a_config_error(raw: bytes | str) -> None:
    with pytest.raises(ConfigError, match="line: not JSON"):
        loads(Sample, raw, "line")


@pytest.mark.parametrize("number", [10**400, 2**53])
def test_a_whole_number_too_large_for_a_float_is_refused(number: int) -> None:
    with pytest.raises(ConfigError, match="is not a number"):
        from_plain(Sample, {"count": 1, "ratio": number})


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ConfigError) as caught:
        from_plain(Sample, {"count": "x" * 1000})
    assert len(caught.value.message) < 150


def test_undecodable_names_survive() -> None:
    spec = AppSpec(name="a", script="/tmp/\udcff.py", cwd="/")
    assert loads(AppSpec, dumps(spec)) == spec


def test_nested_types_of_the_api() -> None:
    spec = AppSpec(name="web", script="/srv/web.py", cwd="/srv", instances=4)
    envelope = Envelope(1, "7", "start", to_plain(Start((spec,), force=True)))
    assert from_plain(Start, loads(Envelope, dumps(envelope)).body) == Start((spec,), True)
    assert loads(Reply, dumps(Reply(1, "7"))) == Reply(1, "7")
    assert loads(WorkerView, dumps(WorkerView(0, exit_code=None))).exit_code is None


def test_a_spec_that_cannot_work_is_refused_while_it_is_built() -> None:
    with pytest.raises(ConfigError, match="name: 'all' cannot name an app"):
        from_plain(AppSpec, {"name": "all", "script": "x", "cwd": "/"})


@pytest.mark.parametrize(
    ("word", "hint"), [("relaod", "did you mean `reload`?"), ("zzz", ""), ("", "")]
)
def test_suggest(word: str, hint: str) -> None:
    assert suggest(word, ["reload", "list"]) == hint
