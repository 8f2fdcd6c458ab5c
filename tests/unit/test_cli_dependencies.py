"""The forms of `depends_on` in a file, and what is wrong with others."""

from __future__ import annotations

import pytest

from cli.ecosystem.dependencies import DEPENDENCIES
from cli.ecosystem.formats import OURS
from cli.ecosystem.place import Place
from pm.errors import ConfigError

HERE = Place("/", OURS, {"KIND": "blue"})
READY = {"app": "db", "condition": "ready"}
DONE = {"app": "job", "condition": "completed"}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("db", (READY,)),
        (["db"], (READY,)),
        (["db", {"app": "job", "condition": "completed"}], (READY, DONE)),
        ({"db": "ready", "job": "completed"}, (READY, DONE)),
        ({"db": {}, "job": {"condition": "completed"}}, (READY, DONE)),
        ([{"app": "db"}], (READY,)),
        ("db-${KIND}", ({"app": "db-blue", "condition": "ready"},)),
        ([], ()),
    ],
)
def test_each_form_means_the_same(value: object, read: object) -> None:
    assert DEPENDENCIES.read(value, HERE) == read


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, "7 is no dependency"),
        ([""], "'' is no dependency"),
        ([{"condition": "ready"}], "is no dependency"),
        ([{"app": "db", "wait": 1}], "is no dependency"),
        ({"db": "complete"}, "db: 'complete' is no condition"),
        (["db", "db"], "`db` is named twice"),
    ],
)
def test_others_are_refused(value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DEPENDENCIES.read(value, HERE)
