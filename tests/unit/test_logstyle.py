"""Lines of a log: stamped, or as objects of JSON."""

from __future__ import annotations

import json
import time

import pytest

from pm.master.output.logowners import Writer
from pm.master.output.logstyle import Style, dated
from pm.master.output.pipes import TEMPLATE_SLOT
from pm.model import LogType

WHO = Writer(2, 77, True)
AT = 1795441027.1234


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local time is that of Berlin, as long as the test runs."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()


@pytest.fixture(autouse=True)
def _zone_as_before() -> object:
    yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("YYYY-MM-DDTHH:mm:ss", "2026-11-23T14:37:07"),
        ("YYYY-MM-DD HH:mm:ss.SSS Z", "2026-11-23 14:37:07.123 +01:00"),
        ("DD/M/YY h:mm A ZZ", "23/11/26 2:37 PM +0100"),
        ("ddd, D MMM [at] H:m:s", "Mon, 23 Nov at 14:37:7"),
        ("dddd d dd MMMM hh a", "Monday 1 Mo November 02 pm"),
        ("[YYYY] x%Y", "YYYY x%Y"),
    ],
)
def test_a_date_as_dayjs_writes_it(form: str, text: str) -> None:
    assert dated(form, AT) == text


@pytest.mark.parametrize(
    ("data", "begun", "shown"),
    [
        (b"a\nb\n", False, b"T: a\nT: b\n"),
        (b"rest\nb", True, b"rest\nT: b"),
        (b"\n\n", False, b"T: \nT: \n"),
        (b"\n", True, b"\n"),
        (b"a", False, b"T: a"),
    ],
)
def test_each_line_has_its_stamp(data: bytes, begun: bool, shown: bytes) -> None:
    assert Style("web", "[T]").of(WHO, data, AT, begun) == shown


def test_each_line_is_an_object() -> None:
    style = Style("web", log_type=LogType.JSON)
    written = style.of(WHO, 'say "ä"\n\n\xff'.encode("latin-1") + b"half", AT, True)
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["message"] for line in lines] == ['say "\ufffd"', "", "\ufffdhalf"]
    assert lines[0] == {
        "message": 'say "\ufffd"', "timestamp": "2026-11-23T13:37:07.123Z", "type": "err",
        "app_name": "web", "slot": 2, "pid": 77,
    }  # fmt: skip
    assert written.endswith(b"\n")


def test_a_template_has_no_slot_and_a_date_its_format() -> None:
    style = Style("web", "[T]", LogType.JSON)
    line = json.loads(style.of(Writer(TEMPLATE_SLOT, 5, False), b"x\n", AT, False))
    assert (line["slot"], line["timestamp"], line["type"]) == (-1, "T", "out")


def test_nothing_is_added_unless_asked_for() -> None:
    assert Style("web").plain
    assert not Style("web", "YYYY").plain
    assert not Style("web", log_type=LogType.JSON).plain
