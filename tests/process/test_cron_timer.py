"""The timer of all schedules, with a clock that jumps."""

from __future__ import annotations

import asyncio
import time

import pytest

from daemon.timing.cron import Cron
from pm.errors import ConfigError
from pm.model import AppSpec

pytestmark = pytest.mark.slow


class Rung:
    """What the clock has rung for."""

    def __init__(self) -> None:
        self.fired: list[str] = []
        self.missed: list[float] = []
        self.news = asyncio.Event()

    def on_time(self, app: str) -> None:
        self.fired.append(app)
        self.news.set()

    def on_missed(self, _app: str, at: float) -> None:
        self.missed.append(at)
        self.news.set()

    async def next(self) -> None:
        """Wait until it rings."""
        self.news.clear()
        await asyncio.wait_for(self.news.wait(), 10)


def spec(name: str = "job", pattern: str = "* * * * * *", zone: str = "") -> AppSpec:
    return AppSpec(name, "/job.py", "/", cron=pattern, timezone=zone)


def test_it_rings_in_time_for_each_app_and_no_longer_when_it_is_told_so() -> None:
    async def test() -> None:
        rung = Rung()
        cron = Cron(rung)
        begun = time.time()
        cron.follow(spec("one"), True)
        cron.follow(spec("two"), True)
        assert begun < cron.next_at("one") <= time.time() + 1
        while {*rung.fired} != {"one", "two"}:
            await rung.next()
        cron.follow(spec("one"), False)
        assert cron.next_at("one") == 0
        rung.fired.clear()
        while len(rung.fired) < 2:
            await rung.next()
        assert rung.fired == ["two", "two"]
        cron.drop("two")
        cron.close()

    asyncio.run(test())


def test_what_a_clock_set_forward_leaves_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = 0.0
    real = time.time
    monkeypatch.setattr("daemon.timing.cron.time.time", lambda: real() + ahead)

    async def test() -> None:
        nonlocal ahead
        rung = Rung()
        cron = Cron(rung)
        cron.follow(spec(), True)
        due = cron.next_at("job")
        ahead = 3600.0
        await rung.next()
        assert (rung.fired, rung.missed) == ([], [due])
        await rung.next()
        assert rung.fired == ["job"]
        ahead = -3600.0
        await rung.next()
        assert cron.next_at("job") < real() - 3590, "begun again from there"
        cron.close()

    asyncio.run(test())


def test_a_changed_schedule_counts_at_once_and_a_wrong_one_is_refused() -> None:
    async def test() -> None:
        cron = Cron(Rung())
        cron.follow(spec(pattern="0 3 29 2 *"), True)
        late = cron.next_at("job")
        cron.follow(spec(pattern="0 3 29 2 *", zone="Asia/Tokyo"), True)
        assert cron.next_at("job") != late
        with pytest.raises(ConfigError):
            cron.follow(spec(pattern="61 * * * *"), True)
        assert cron.next_at("job") != 0, "the old one goes on"
        cron.close()

    asyncio.run(test())
