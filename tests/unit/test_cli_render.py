"""The table of `pm list` at four widths, to the letter."""

from __future__ import annotations

import pytest

from cli.render import Screen, app_table, where
from cli.table import draw, table_width
from cli.text import clean, duration, shorten, size, width
from pm.model import AppView, ListenerView, Mode, State, WorkerView

NOW = 1_000_000.0
LISTENER = ListenerView("127.0.0.1", 8000, "ipv4")

WEB = AppView(
    "web", "default", Mode.CLUSTER, State.ONLINE, State.ONLINE,
    (
        WorkerView(0, 0, State.ONLINE, 4101, 1, NOW - 28, 0, cpu=12.34, memory=20 << 20),
        WorkerView(1, 1, State.WAITING, 0, 1, 0.0, 13, cpu=0.0, memory=0),
    ),
    "/srv/web.py", NOW, listeners=(LISTENER,),
)  # fmt: skip
JOB = AppView(
    "nightly-job", "batch", Mode.FORK, State.ERRORED, State.ONLINE,
    (WorkerView(0, 2, State.ERRORED, reason="exit code 1 before 1 s, 16 times"),),
    "/srv/job", NOW,
)  # fmt: skip

WIDE = """\
┌────┬─────────────┬───────────┬─────────┬──────┬────────┬────┬─────────────────┬───────┬────────┬────────────────┐
│ id │ name        │ namespace │ mode    │ pid  │ uptime │ ↺  │ status          │ cpu   │ mem    │ listens        │
├────┼─────────────┼───────────┼─────────┼──────┼────────┼────┼─────────────────┼───────┼────────┼────────────────┤
│ 2  │ nightly-job │ batch     │ fork    │ -    │ 0      │ 0  │ errored         │ 0%    │ 0b     │                │
│ 0  │ web         │ default   │ cluster │ 4101 │ 28s    │ 0  │ online          │ 12.3% │ 20.0mb │ 127.0.0.1:8000 │
│ 1  │ web         │ default   │ cluster │ -    │ 0      │ 13 │ waiting restart │ 0%    │ 0b     │ 127.0.0.1:8000 │
└────┴─────────────┴───────────┴─────────┴──────┴────────┴────┴─────────────────┴───────┴────────┴────────────────┘
✗ nightly-job is errored: exit code 1 before 1 s, 16 times"""  # noqa: E501

FULL_AT_100 = """\
┌────┬─────────────┬───────────┬─────────┬──────┬────────┬────┬─────────────────┬───────┬────────┐
│ id │ name        │ namespace │ mode    │ pid  │ uptime │ ↺  │ status          │ cpu   │ mem    │
├────┼─────────────┼───────────┼─────────┼──────┼────────┼────┼─────────────────┼───────┼────────┤
│ 2  │ nightly-job │ batch     │ fork    │ -    │ 0      │ 0  │ errored         │ 0%    │ 0b     │
│ 0  │ web         │ default   │ cluster │ 4101 │ 28s    │ 0  │ online          │ 12.3% │ 20.0mb │
│ 1  │ web         │ default   │ cluster │ -    │ 0      │ 13 │ waiting restart │ 0%    │ 0b     │
└────┴─────────────┴───────────┴─────────┴──────┴────────┴────┴─────────────────┴───────┴────────┘
✗ nightly-job is errored: exit code 1 before 1 s, 16 times"""

WITH_PIDS_AT_90 = """\
┌────┬─────────────┬─────────┬──────┬────────┬────┬─────────────────┬───────┬────────┐
│ id │ name        │ mode    │ pid  │ uptime │ ↺  │ status          │ cpu   │ mem    │
├────┼─────────────┼─────────┼──────┼────────┼────┼─────────────────┼───────┼────────┤
│ 2  │ nightly-job │ fork    │ -    │ 0      │ 0  │ errored         │ 0%    │ 0b     │
│ 0  │ web         │ cluster │ 4101 │ 28s    │ 0  │ online          │ 12.3% │ 20.0mb │
│ 1  │ web         │ cluster │ -    │ 0      │ 13 │ waiting restart │ 0%    │ 0b     │
└────┴─────────────┴─────────┴──────┴────────┴────┴─────────────────┴───────┴────────┘
✗ nightly-job is errored: exit code 1 before 1 s, 16 times"""

CONDENSED_AT_80 = """\
┌────┬─────────────┬─────────┬────┬─────────────────┬───────┬────────┐
│ id │ name        │ mode    │ ↺  │ status          │ cpu   │ mem    │
├────┼─────────────┼─────────┼────┼─────────────────┼───────┼────────┤
│ 2  │ nightly-job │ fork    │ 0  │ errored         │ 0%    │ 0b     │
│ 0  │ web         │ cluster │ 0  │ online          │ 12.3% │ 20.0mb │
│ 1  │ web         │ cluster │ 13 │ waiting restart │ 0%    │ 0b     │
└────┴─────────────┴─────────┴────┴─────────────────┴───────┴────────┘
✗ nightly-job is errored: exit code 1 before 1 s, 16 times"""

MINI_AT_40 = """\
┌────┬──────┬─────────┬───────┬────────┐
│ id │ name │ status  │ cpu   │ mem    │
├────┼──────┼─────────┼───────┼────────┤
│ 2  │ nig… │ errored │ 0%    │ 0b     │
│ 0  │ web  │ online  │ 12.3% │ 20.0mb │
│ 1  │ web  │ waitin… │ 0%    │ 0b     │
└────┴──────┴─────────┴───────┴────────┘
✗ nightly-job is errored: exit code 1 before 1 s, 16 times"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (None, WIDE),
        (120, WIDE),
        (100, FULL_AT_100),
        (90, WITH_PIDS_AT_90),
        (80, CONDENSED_AT_80),
        (40, MINI_AT_40),
    ],
)
def test_the_table_fits(columns: int | None, expected: str) -> None:
    assert app_table([JOB, WEB], Screen(columns, False, NOW)) == expected


def test_no_apps() -> None:
    assert app_table([], Screen(80, False, NOW)).count("\n") == 2


def test_colours_change_no_width() -> None:
    plain = app_table([WEB], Screen(None, False, NOW))
    coloured = app_table([WEB], Screen(None, True, NOW))
    assert "\x1b[32monline\x1b[0m" in coloured
    assert coloured.replace("\x1b[0m", "").count("\x1b") > 5
    for code in ("0", "1", "2", "31", "32", "33", "34", "36"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def test_wide_characters_keep_the_columns_straight() -> None:
    table = draw(("name",), [[("日本語", "")], [("e\u0301te", "")], [("abc", "")]], False)
    assert {width(line) for line in table.splitlines()} == {10}
    assert table_width(("name",), [[("日本語", "")]]) == 10


def test_what_an_app_says_cannot_drive_the_terminal() -> None:
    assert clean("a\x1b[2Jb\u202ec\td") == "a\ufffd[2Jb\ufffdc\td"


def test_listeners_in_short() -> None:
    assert where(()) == ""
    six = ListenerView("::1", 80, "ipv6")
    assert where((six, LISTENER)) == "[::1]:80 +1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (-3, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (200_000, "2D")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0b"), (1023, "1023b"), (1536, "1.5kb"), (3 << 50, "3072.0tb")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_shorten() -> None:
    assert shorten("web", 3) == "web"
    assert shorten("website", 4) == "web…"
    assert width(shorten("日本語", 4)) <= 4
