"""When a worker counts as ready."""

from __future__ import annotations

import pytest

from pm.master.workers.readiness import Facts, Readiness, assess

ONE = frozenset({"a"})
TWO = frozenset({"a", "b"})
NOT_YET = Readiness(False)


def test_with_wait_ready_only_its_word_counts() -> None:
    serving = Facts(since=0, wait_ready=True, listened=ONE, accepted=ONE, required=ONE)
    assert not assess(serving, 100.0).ready
    said = Facts(since=0, wait_ready=True, said_ready=True)
    assert assess(said, 0.0) == Readiness(True, "said ready")


def test_its_word_counts_for_nothing_where_it_was_not_asked() -> None:
    assert not assess(Facts(since=0, said_ready=True, known_to_listen=True), 50.0).ready


def test_listening_is_not_enough() -> None:
    assert assess(Facts(since=0, listened=ONE), 100.0) == NOT_YET


def test_accepting_on_a_part_is_enough_when_nothing_new_comes() -> None:
    part = Facts(since=0, listened=TWO, accepted=ONE, last_listen=7.0)
    assert assess(part, 8.0) == Readiness(False, "accepts", 9.0)
    assert assess(part, 9.0).ready


def test_accepting_is_enough_for_the_first_generation() -> None:
    assert assess(Facts(since=0, listened=ONE, accepted=ONE), 0.0) == Readiness(True, "accepts")


def test_it_has_to_accept_on_every_key_of_the_others() -> None:
    part = Facts(since=0, required=TWO, listened=ONE, accepted=ONE, last_listen=7.0)
    assert assess(part, 8.0) == Readiness(False, "accepts", 9.0)
    assert assess(part, 9.0).ready
    whole = Facts(since=0, required=ONE, listened=TWO, accepted=TWO, last_listen=7.0)
    assert assess(whole, 7.0).ready


def test_an_app_known_to_listen_is_never_ready_without() -> None:
    facts = Facts(since=0, known_to_listen=True, idle_since=0.0)
    assert assess(facts, 1e6) == NOT_YET


def test_one_that_may_well_listen_soon_is_given_longer() -> None:
    waits = Facts(since=0, joined=True, idle_since=1.0)
    assert assess(waits, 3.9) == Readiness(False, look_at=4.0)
    assert assess(waits, 4.0) == Readiness(True, "online, no port")
    works = Facts(since=0, joined=True, idle_since=19.0)
    assert not assess(works, 19.9).ready
    assert assess(works, 20.0).ready


def test_waiting_for_a_core_is_not_held_against_it() -> None:
    starved = Facts(since=0, starved=3.0)
    assert not assess(starved, 7.9).ready
    assert assess(starved, 8.0).ready
    assert assess(Facts(since=0, starved=60.0), 20.0).ready, "but not for ever"


@pytest.mark.parametrize(
    ("now", "idle_since", "ready", "look_at"),
    [
        (0.15, None, False, 0.25),
        (0.99, 0.0, False, 1.0),
        (1.0, 0.6, True, None),
        (1.0, 0.8, False, 1.1),
        (1.0, None, False, 1.1),
        (4.95, None, False, 5.0),
        (5.0, None, True, None),
    ],
)
def test_one_that_never_listened_is_given_time(
    now: float, idle_since: float | None, ready: bool, look_at: float | None
) -> None:
    verdict = assess(Facts(since=0, idle_since=idle_since), now)
    assert verdict.ready is ready
    assert verdict.look_at == look_at
    assert verdict.how == ("online, no port" if ready else "")


def test_a_long_min_uptime_is_waited_for() -> None:
    facts = Facts(since=0, min_uptime=20.0, idle_since=0.0, listen_timeout=60.0)
    assert assess(facts, 19.95).look_at == 20.0
    assert assess(facts, 20.0).ready


def test_what_only_runs_is_ready_before_its_listen_timeout() -> None:
    quiet = Facts(since=0, min_uptime=200.0, idle_since=0.0)
    assert not assess(quiet, 14.9).ready
    assert assess(quiet, 15.0).ready
    busy = Facts(since=0, listen_timeout=3.0)
    assert not assess(busy, 1.4).ready
    assert assess(busy, 1.5).ready


def test_a_part_is_enough_where_not_the_whole_is_asked_for() -> None:
    part = Facts(since=0, whole=False, listened=TWO, accepted=ONE, last_listen=7.0)
    assert assess(part, 7.0).ready
    assert not assess(Facts(since=0, whole=False, listened=TWO, last_listen=7.0), 50.0).ready
    replacing = Facts(since=0, whole=False, required=TWO, listened=TWO, accepted=ONE)
    assert not assess(replacing, 0.5).ready


def test_who_listens_by_itself_is_ready() -> None:
    alone = Facts(since=0, serves_itself=True, fellows_serve=True)
    assert assess(alone, 0.1) == Readiness(True, "listens by itself")
    assert not assess(Facts(since=0, serves_itself=True, binds=True), 0.1).ready
    assert assess(Facts(since=0, serves_itself=True, known_to_listen=True), 0.1) == NOT_YET


def test_who_has_to_listen_by_itself_as_its_fellows_do_is_not_ready_without() -> None:
    assert assess(Facts(since=0, fellows_serve=True, idle_since=0.0), 50.0).look_at == 50.1


def test_whether_it_listens_by_itself_is_looked_at_often() -> None:
    assert assess(Facts(since=0), 0.0).look_at == 0.25
    assert assess(Facts(since=0), 0.25).look_at == 0.35
    assert assess(Facts(since=0), 0.95).look_at == 1.0
