"""What a look at the clock comes to, and the times of a pattern."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from daemon.timing.crontimes import times_of
from daemon.timing.schedule import GRACE, LONGEST_LOOK, Due, look, pause
from pm.errors import ConfigError
from pm.model import AppSpec

UTC = timezone.utc


def minutes(now: float) -> float:
    """Return the next full minute."""
    return (now // 60 + 1) * 60


def test_what_is_due_fires_once() -> None:
    due = Due(120.0, 100.0)
    assert look(due, minutes, 119.9) == (Due(120.0, 119.9), False, 0.0)
    struck = look(due, minutes, 120.1)
    assert struck == (Due(180.0, 120.1), True, 0.0)
    assert not look(struck.due, minutes, 120.2).fire


def test_a_small_step_of_the_clock_misses_nothing_and_a_large_one_says_so() -> None:
    due = Due(1200.0, 1199.0)
    assert look(due, minutes, 1200.0 + GRACE).fire
    struck = look(due, minutes, 1201.0 + GRACE)
    assert (struck.fire, struck.missed) == (False, 1200.0)
    assert struck.due.at == 1320.0


def test_a_clock_set_back_reckons_anew() -> None:
    assert look(Due(1e9, 1e9 - 10), minutes, 600.0) == (Due(660.0, 600.0), False, 0.0)
    assert look(Due(1200.0, 1199.0), minutes, 1190.0).due.at == 1200.0, "no time comes twice"


def test_a_pattern_that_never_comes_again_is_silent() -> None:
    assert look(Due(0.0, 10.0), minutes, 20.0) == (Due(0.0, 20.0), False, 0.0)
    assert pause(Due(0.0, 10.0), 20.0) == LONGEST_LOOK


def test_the_clock_is_looked_at_now_and_then() -> None:
    assert pause(Due(1e6, 0.0), 0.0) == LONGEST_LOOK < GRACE
    assert pause(Due(10.0, 0.0), 4.0) == 6.0
    assert pause(Due(10.0, 0.0), 14.0) == 0.0


def spec(pattern: str, zone: str = "UTC", key: str = "cron") -> AppSpec:
    """Return the spec of an app with a schedule."""
    return AppSpec("web", "/web.py", "/", timezone=zone, **{key: pattern})  # type: ignore[arg-type]


def test_five_and_six_fields_and_nicknames() -> None:
    noon = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()
    assert times_of(spec("30 12 * * *"))(noon) == noon + 30 * 60
    assert times_of(spec("*/5 * * * * *"))(noon + 0.3) == noon + 5
    assert times_of(spec("@daily"))(noon) == noon + 12 * 3600


def test_daylight_saving_time() -> None:
    night = times_of(spec("30 2 * * *", "Europe/Berlin", "cron_restart"))

    def after(month: int, day: int, hour: int, minute: int = 0) -> datetime:
        now = datetime(2026, month, day, hour, minute, tzinfo=UTC)
        return datetime.fromtimestamp(night(now.timestamp()), UTC)

    assert after(3, 28, 12) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2:30 is left out"
    assert after(10, 24, 12) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert after(10, 25, 0, 30) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC), "not twice"


@pytest.mark.parametrize("pattern", ["61 * * * *", "* * *", "soon", "0 0 30 2 *", "@reboot"])
def test_what_is_no_schedule(pattern: str) -> None:
    with pytest.raises(ConfigError, match="is no schedule"):
        times_of(spec(pattern))


def test_an_unknown_time_zone() -> None:
    with pytest.raises(ConfigError, match="'Mars/Olympus' is not known"):
        times_of(spec("@daily", "Mars/Olympus"))
    with pytest.raises(ConfigError, match="is not known"):
        times_of(spec("@daily", "../etc/passwd"))


def test_an_app_is_not_both_started_and_reloaded_by_the_clock() -> None:
    with pytest.raises(ConfigError, match="either started or reloaded"):
        AppSpec("web", "/web.py", "/", cron="@daily", cron_restart="@daily")
