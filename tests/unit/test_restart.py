"""What follows an exit that nobody asked for."""

from __future__ import annotations

import pytest

from pm.master.workers.restart import Action, Exit, Tally, Verdict, judge
from pm.model import AppSpec

CRASH = Exit(1)


def spec(**fields: object) -> AppSpec:
    return AppSpec(name="web", script="/srv/web.py", cwd="/srv", **fields)  # type: ignore[arg-type]


def decide(tally: Tally, ended: Exit = CRASH, uptime: float = 0.0, **fields: object) -> Verdict:
    return judge(tally, spec(**fields), ended, uptime, 0.5)[1]


@pytest.mark.parametrize("ended", [Exit(0), Exit(1), Exit(None, "SIGKILL")])
def test_the_first_restart_is_at_once(ended: Exit) -> None:
    tally, verdict = judge(Tally(), spec(), ended, 0.01, 0.5)
    assert verdict.action is Action.RESTART
    assert verdict.delay == 0
    assert tally == Tally(restarts=1, unstable=1)


def test_the_delay_doubles_from_100_ms_to_15_s() -> None:
    delays = [decide(Tally(unstable=n)).delay for n in range(12)]
    assert delays == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15, 15])


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_jitter_is_a_quarter_either_way(jitter: float, share: float) -> None:
    _, verdict = judge(Tally(unstable=2), spec(), CRASH, 0.0, jitter)
    assert verdict.delay == pytest.approx(0.2 * share)


def test_a_stable_exit_forgets_the_row() -> None:
    tally, verdict = judge(Tally(restarts=9, unstable=9), spec(), CRASH, 1.0, 0.5)
    assert tally == Tally(restarts=10, unstable=0)
    assert (verdict.action, verdict.delay) == (Action.RESTART, 0)


def test_one_more_than_max_restarts_gives_up() -> None:
    assert decide(Tally(unstable=2), max_restarts=3).action is Action.RESTART
    verdict = decide(Tally(unstable=3), max_restarts=3)
    assert verdict.action is Action.GIVE_UP
    assert verdict.reason == ("exit code 1 after 0 ms; 4 unstable exits in a row (max_restarts 3)")


def test_max_restarts_0_allows_none() -> None:
    assert decide(Tally(), max_restarts=0).action is Action.GIVE_UP


def test_restart_delay_is_the_least() -> None:
    assert decide(Tally(), restart_delay=3.0).delay == 3.0
    assert decide(Tally(unstable=8), restart_delay=3.0).delay == pytest.approx(12.8)


def test_autorestart_off_stays_stopped() -> None:
    tally = Tally(4, 2)
    after, verdict = judge(tally, spec(autorestart=False), CRASH, 70.0, 0.5)
    assert verdict == Verdict(
        Action.STAY_STOPPED, 0, "exit code 1 after 70.0 s; autorestart is off"
    )
    assert after == tally


def test_stop_exit_codes_stay_stopped() -> None:
    assert decide(Tally(), Exit(3), stop_exit_codes=(0, 3)).action is Action.STAY_STOPPED
    assert decide(Tally(), Exit(0), stop_exit_codes=(0, 3)).action is Action.STAY_STOPPED
    assert decide(Tally(), Exit(1), stop_exit_codes=(0, 3)).action is Action.RESTART
    killed = Exit(None, "SIGKILL")
    assert decide(Tally(), killed, stop_exit_codes=(0, 9)).action is Action.RESTART


def test_the_reason_names_code_or_signal() -> None:
    assert decide(Tally(), Exit(None, "SIGSEGV"), 0.25).reason == "killed by SIGSEGV after 250 ms"
    assert decide(Tally(), Exit(0), 12.34).reason == "exit code 0 after 12.3 s"


def test_a_job_of_the_clock_rests_when_it_has_ended() -> None:
    verdict = decide(Tally(), cron="@daily")
    assert verdict.action is Action.STAY_STOPPED
    assert "the clock starts it again" in verdict.reason
