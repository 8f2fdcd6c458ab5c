"""What users type for "these apps"."""

from __future__ import annotations

import pytest

from daemon.records.record import Record, Slot
from daemon.requests.selectors import is_named, select
from pm.errors import NotFound, UsageError
from pm.model import AppSpec


def record(name: str, ids: tuple[int, ...], namespace: str = "default") -> Record:
    spec = AppSpec(name, "/app.py", "/", namespace=namespace)
    return Record(spec, tuple(Slot(n, i) for n, i in enumerate(ids)), 0.0)


RECORDS = {
    "web": record("web", (0, 1)),
    "api": record("api", (2,), "back"),
    "back": record("back", (3,), "other"),
    "2": record("2", (4,)),
    "job": record("job", (5,), "7"),
    "bot": record("bot", (7,), "other"),
}


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (["web"], {"web": None}),
        (["all"], dict.fromkeys(sorted(RECORDS))),
        (["0"], {"web": (0,)}),
        (["1", "0"], {"web": (0, 1)}),
        (["1", "web"], {"web": None}),
        (["web", "1"], {"web": None}),
        (["back"], {"back": None}),  # a name wins over a namespace
        (["other"], {"back": None, "bot": None}),
        (["2"], {"2": None}),  # a name wins over an id
        (["7"], {"job": None}),  # a namespace wins over an id
        (["/^b/"], {"back": None, "bot": None}),
        (["3", "web"], {"back": (0,), "web": None}),
        (["web:1", "web:0"], {"web": (0, 1)}),
    ],
)
def test_selectors(asked: list[str], chosen: dict[str, tuple[int, ...] | None]) -> None:
    assert list(select(asked, RECORDS).items()) == list(chosen.items())


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ("wbe", "no app is named `wbe`", "did you mean `web`?"),
        ("zzzz", "no app is named `zzzz`", "`pm list` shows all apps"),
        ("99", "no worker has the id 99", "`pm list` shows all ids"),
        ("web:9", "`web` has no slot 9", "its slots are 0, 1"),
        ("wbe:0", "no app is named `wbe:0`", "`pm list` shows all apps"),
        ("/^x/", "no app's name matches /^x/", "`pm list` shows all apps"),
    ],
)
def test_what_is_not_there(asked: str, message: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        select(["web", asked], RECORDS)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_regex_that_is_none() -> None:
    with pytest.raises(UsageError, match="is no regular expression"):
        select(["/(/"], RECORDS)


def test_all_of_nothing_is_nothing() -> None:
    assert select(["all"], {}) == {}


def test_whether_an_app_is_meant_by_its_own_name() -> None:
    one = RECORDS["web"]
    assert is_named(("web",), one)
    assert is_named(("web:0",), one)
    assert is_named((str(one.slots[0].id),), one)
    assert not is_named(("all", "/w/", one.spec.namespace), one)
