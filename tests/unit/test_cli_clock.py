"""What is said of schedules, jobs and watching."""

from __future__ import annotations

import time

import pytest

from cli import clock
from pm.model import AppView, Mode, State
from pm.record import replace
from pm.upkeep import CronView, Run, WatchView

NOW = 1_000_000_000.0
APP = AppView("web", "default", Mode.CLUSTER, State.ONLINE, State.ONLINE, (), "/web.py", NOW)
JOB = CronView("0 3 * * *", "", True, NOW + 7200, last=Run(NOW - 60, NOW - 57.9, 0))


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.moment.time.localtime", time.gmtime)


def said(watch: WatchView | None = None, cron: CronView | None = None) -> dict[str, str]:
    """Return the rows of the app with these."""
    return dict(clock.rows(replace(APP, watch=watch, cron=cron), NOW))


def test_an_app_without_any_of_it_says_nothing() -> None:
    assert said() == {}
    assert clock.remarks([APP], NOW, False) == ""


def test_what_is_watched() -> None:
    watch = WatchView(("/srv/web", "/srv/lib"), 12)
    assert said(watch=watch) == {"watch": "/srv/web, /srv/lib (12 folders)", "last change": ""}
    changed = replace(watch, file="a.py", at=NOW)
    assert said(watch=changed)["last change"] == "a.py, 2001-09-09 01:46:40"
    trouble = replace(watch, folders=0, trouble="too many")
    assert said(watch=trouble)["watch"] == "nothing: too many"
    line = clock.remarks([replace(APP, watch=trouble)], NOW, False)
    assert line == "\n✗ web is not watched: too many"


def test_a_schedule_of_reloads() -> None:
    cron = CronView("0 3 * * *", "Europe/Berlin", False, NOW + 7200)
    assert said(cron=cron) == {
        "schedule": "0 3 * * *, Europe/Berlin",
        "next reload": "2001-09-09 03:46:40 (in 2h)",
    }
    assert clock.remarks([replace(APP, cron=cron)], NOW, False) == ""


def test_a_job() -> None:
    assert said(cron=JOB)["last run"] == "2001-09-09 01:45:40: exit code 0 after 2.1 s"
    assert said(cron=replace(JOB, next_at=0.0))["next run"] == "never"
    line = clock.remarks([replace(APP, cron=JOB)], NOW, False)
    assert line == (
        "\n◷ web waits for 2001-09-09 03:46:40 (in 2h);"
        " last run 2001-09-09 01:45:40: exit code 0 after 2.1 s"
    )


def test_a_job_that_fails_or_runs() -> None:
    last = Run(NOW - 60, NOW - 57, None, "SIGKILL")
    running = replace(JOB, running=NOW - 5, skipped=3, last=last)
    line = clock.remarks([replace(APP, cron=running)], NOW, False)
    assert line == (
        "\n✗ web runs since 2001-09-09 01:46:35;"
        " last run 2001-09-09 01:45:40: killed by SIGKILL after 3.0 s; 3 skipped"
    )
    assert Run(NOW, reason="its end was not seen").text == "its end was not seen"
    assert not Run(NOW, NOW, 0, reason="stopped").text.startswith("exit")
