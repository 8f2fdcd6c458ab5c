"""Dependencies between apps: what is refused, and when an app may begin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.ordering.course import Course
from daemon.ordering.standing import Standing, judge, standing_of
from pm.codec import from_plain, to_plain
from pm.dependency import Condition, Dependency, cycle_in, dependents, needed_by
from pm.errors import ConfigError
from pm.model import AppSpec, AppView, ListenerView, Mode, State, WorkerView
from pm.order import check_order

READY, STARTED, COMPLETED = Condition.READY, Condition.STARTED, Condition.COMPLETED


def spec(name: str, *needs: str | Dependency, **fields: bool) -> AppSpec:
    depends_on = tuple(Dependency(one) if isinstance(one, str) else one for one in needs)
    return AppSpec(name, "/app.py", "/", depends_on=depends_on, **fields)  # type: ignore[arg-type]


def graph(**needs: str) -> dict[str, list[Dependency]]:
    return {name: [Dependency(one) for one in text.split()] for name, text in needs.items()}


@pytest.mark.parametrize(
    ("needs", "circle"),
    [
        (graph(a="b c", b="c", c=""), ()),
        (graph(a="b", b="missing"), ()),
        (graph(a="a"), ("a", "a")),
        (graph(a="b", b="c", c="b"), ("b", "c", "b")),
        (graph(a="b c", b="d", c="d", d=""), ()),
    ],
)
def test_a_circle_is_found_and_named(
    needs: dict[str, list[Dependency]], circle: tuple[str, ...]
) -> None:
    assert cycle_in(needs) == circle


def test_who_needs_whom() -> None:
    needs = graph(web="api", api="db cache", db="", cache="", other="db")
    assert needed_by(needs, "web") == {"api", "db", "cache"}
    assert dependents(needs, "db") == ["api", "other"]
    assert dependents(graph(a="b", b="a"), "a") == [], "a circle has no order to be kept"


def test_a_name_that_nobody_has_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"web: .* no app is named `cahce`; .*`cache`"):
        check_order([spec("web", "cahce")], {"cache": spec("cache")})
    check_order([spec("web", "db"), spec("db")], {})


def test_everything_wrong_is_said_at_once() -> None:
    wrong = [spec("web", "x"), spec("api", Dependency("db", COMPLETED)), spec("db")]
    with pytest.raises(ConfigError) as caught:
        check_order(wrong, {})
    assert [line.split(":")[0] for line in caught.value.lines] == ["web", "api"]
    assert "autorestart = false" in caught.value.lines[1]


def test_a_circle_with_an_app_of_the_list_is_refused() -> None:
    known = {"db": spec("db", "web"), "web": spec("web")}
    with pytest.raises(ConfigError, match="db -> web -> db"):
        check_order([spec("web", "db")], known)


def test_what_the_clock_starts_cannot_be_waited_for() -> None:
    with pytest.raises(ConfigError, match="started by the clock"):
        check_order([spec("web", "report")], {"report": replace(spec("report"), cron="0 3 * * *")})


def test_a_job_may_be_waited_for() -> None:
    check_order([spec("web", Dependency("job", COMPLETED)), spec("job", autorestart=False)], {})


def test_a_spec_with_dependencies_crosses_the_wire() -> None:
    asked = spec("web", "db", Dependency("job", COMPLETED))
    assert from_plain(AppSpec, to_plain(asked)) == asked


UP = Standing(State.ONLINE, started=True)
COMING = Standing(State.LAUNCHING, started=True)
ENDED = Standing(State.STOPPED, job=True)


@pytest.mark.parametrize(
    ("condition", "standing", "met"),
    [
        (READY, UP, True),
        (READY, COMING, False),
        (READY, replace(UP, job=True), False),
        (READY, replace(ENDED, completed=True), True),
        (STARTED, COMING, True),
        (STARTED, Standing(State.LAUNCHING), False),
        (STARTED, Standing(State.WAITING), False),
        (COMPLETED, replace(UP, job=True), False),
        (COMPLETED, replace(ENDED, completed=True, wanted=False), True),
    ],
)
def test_what_each_condition_asks_for(condition: Condition, standing: Standing, met: bool) -> None:
    needed = Dependency("db", condition)
    verdict = judge([needed], {"db": standing}, Course())
    assert not verdict.refusal
    assert verdict.waits == (() if met else (needed,))


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (None, "is not in the list"),
        (Standing(State.STOPPED, wanted=False), "is stopped"),
        (Standing(State.ERRORED, reason="boom"), "is errored: boom"),
        (replace(ENDED, reason="exit code 3"), "was not completed: exit code 3"),
    ],
)
@pytest.mark.parametrize("condition", Condition)
def test_what_will_not_come_is_not_waited_for(
    condition: Condition, standing: Standing | None, why: str
) -> None:
    standings = {"db": standing} if standing else {}
    verdict = judge([Dependency("db", condition)], standings, Course(), ["bd"])
    assert verdict.refusal == f"it depends on `db`, which {why}"
    assert not standing or "`pm " in verdict.hint


def test_apps_of_the_same_request_are_waited_for_whatever_they_are_now() -> None:
    needs, course = [Dependency("db")], Course(["db"])
    for standing in (UP, Standing(State.ERRORED), Standing(State.STOPPED, wanted=False)):
        assert judge(needs, {"db": standing}, course).waits
    assert judge(needs, {}, course).words == "`db` to be ready"
    course.done("db", "failed: boom")
    assert judge(needs, {"db": UP}, course).refusal == "it depends on `db`, which failed: boom"


JOB = AppView(
    "job", "default", Mode.CLUSTER, State.STOPPED, State.ONLINE,
    (WorkerView(0, exit_code=0, over=True),), "/job.py", 0.0,
)  # fmt: skip


def test_a_job_is_completed_when_each_of_its_workers_ended_well_by_itself() -> None:
    once = spec("job", autorestart=False)
    assert standing_of(JOB, once).completed
    failed = replace(JOB, workers=(*JOB.workers, WorkerView(1, exit_code=2, over=True)))
    assert not standing_of(failed, once).completed
    assert standing_of(failed, replace(once, stop_exit_codes=(2,))).completed
    stopped = replace(JOB, workers=(WorkerView(0, exit_code=0),))
    assert not standing_of(stopped, once).completed, "it was stopped by hand"


def test_what_listens_is_no_job_though_it_is_not_restarted() -> None:
    once = spec("job", autorestart=False)
    assert standing_of(JOB, once).job
    assert not standing_of(JOB, replace(once, wait_ready=True)).job
    serving = replace(JOB, listeners=(ListenerView("127.0.0.1", 80, "ipv4"),))
    assert not standing_of(serving, once).job
