"""What `pm apply` plans, and how it says so."""

from __future__ import annotations

from typing import Any

from cli.plan import Deed, Step, Wishes, plan
from cli.planview import as_data, show, summary
from pm.answers import Detail
from pm.changes import Need
from pm.dependency import Dependency
from pm.model import AppSpec, AppView, ListenerView, Mode, State
from pm.record import replace

FILE = "/srv/ecosystem.toml"


def spec(name: str, **fields: Any) -> AppSpec:
    return replace(AppSpec(name, f"/srv/{name}.py", "/srv", source=FILE), **fields)


def detail(
    one: AppSpec,
    state: State = State.ONLINE,
    wanted: State = State.ONLINE,
    served: tuple[str, ...] = ("round-robin",),
) -> Detail:
    view = AppView(
        one.name, "default", one.exec_mode, state, wanted, (), one.script, 0.0,
        listeners=tuple(ListenerView("0.0.0.0", 80, "ipv4", how) for how in served),
    )  # fmt: skip
    return Detail(view, one, ())


def planned(specs: list[AppSpec], listed: list[Detail], **wishes: Any) -> list[tuple[str, Deed]]:
    return [(step.app, step.deed) for step in steps(specs, listed, **wishes)]


def steps(specs: list[AppSpec], listed: list[Detail], **wishes: Any) -> tuple[Step, ...]:
    there = {one.spec.name: one for one in listed}
    return plan(specs, Wishes(FILE, listed=there, **wishes))


def test_new_apps_come_first_removals_last() -> None:
    listed = [detail(spec("gone")), detail(spec("kept")), detail(spec("other"))]
    specs = [spec("kept"), spec("other", cwd="/elsewhere"), spec("fresh")]
    assert planned(specs, listed, prune=True) == [
        ("fresh", Deed.ADD), ("kept", Deed.KEEP), ("other", Deed.CHANGE), ("gone", Deed.REMOVE),
    ]  # fmt: skip
    assert planned(specs, listed)[-1] == ("gone", Deed.SPARE)


def test_only_what_came_from_the_file_is_removed() -> None:
    listed = [
        detail(spec("typed", source="")),
        detail(spec("others", source="/srv/other.toml")),
        detail(spec("ours")),
    ]
    assert planned([], listed, prune=True) == [("ours", Deed.REMOVE)]
    assert planned([], listed, prune=True, whole=False) == []


def test_what_is_needed_comes_first() -> None:
    needs = {"depends_on": (Dependency("db"),)}
    new = [spec("web", cwd="/b", **needs), spec("db", cwd="/b"), spec("alone", cwd="/b")]
    listed = [detail(replace(one, cwd="/a")) for one in new]
    assert [app for app, _ in planned(new, listed)] == ["db", "alone", "web"]


def test_what_is_down_is_started() -> None:
    down = [
        detail(spec("stopped"), State.STOPPED, State.STOPPED),
        detail(spec("errored"), State.ERRORED),
        detail(spec("job"), State.STOPPED),
    ]
    specs = [spec("stopped"), spec("errored", cwd="/b"), spec("job")]
    assert planned(specs, down) == [
        ("stopped", Deed.START), ("errored", Deed.START), ("job", Deed.KEEP),
    ]  # fmt: skip


def test_a_reload_of_all_may_be_asked_for() -> None:
    (step,) = steps([spec("web")], [detail(spec("web"))], least=Need.RELOAD)
    assert (step.deed, step.need, step.found) == (Deed.CHANGE, Need.RELOAD, ())


def test_an_app_of_another_file_is_claimed() -> None:
    (step,) = steps([spec("web")], [detail(spec("web", source=""))])
    assert (step.deed, step.idle, step.claims) == (Deed.KEEP, True, True)
    (step,) = steps([spec("web")], [detail(spec("web", source="/other.toml"))])
    assert show([step], colour=False).splitlines()[1:] == [
        "    came from /other.toml, is this file's from now on"
    ]
    (step,) = steps([spec("web", source="")], [detail(spec("web"))])
    assert not step.claims, "what comes from standard input claims nothing"


def test_a_plan_in_words() -> None:
    old = spec("web", args=("-p", "80"), env={"A": "1", "API_KEY": "x"}, env_set=("A", "API_KEY"))
    new = spec(
        "web", args=("-p", "81"), env={"API_KEY": "y"}, env_set=("API_KEY",), instances=3,
        wait_ready=True, umask=0o077,
    )  # fmt: skip
    found = steps([new, spec("db")], [detail(old), detail(spec("gone"))], prune=True)
    assert show(found, colour=False).splitlines() == [
        "+ db: new, 1 worker",
        "~ web: reloaded",
        "    args: -p 80 -> -p 81",
        "    instances: 1 -> 3",
        "    umask: 0022 -> 0077",
        "    wait_ready: false -> true",
        "    env.A: 1 -> (not set)",
        "    env.API_KEY: ******** -> another ********",
        "- gone: no longer in the file: stopped and deleted",
    ]
    assert summary(found) == "1 to add, 1 to change, 1 to remove"
    data = as_data(found)[1]
    assert (data["app"], data["deed"], data["need"]) == ("web", "change", "reload")
    assert data["changes"][-1] == {"key": "env.API_KEY", "old": "********", "new": "********"}


def test_a_gap_is_said() -> None:
    new = spec("web", exec_mode=Mode.FORK)
    text = show(steps([new], [detail(spec("web"))]), colour=False)
    assert text.startswith("~ web: restarted, with a gap")
    assert "exec_mode: cluster -> fork" in text


def test_what_a_file_says_cannot_drive_the_terminal() -> None:
    new = spec("web", args=("\x1b[2J",), namespace="x" * 500)
    text = show(steps([new], [detail(spec("web"))]), colour=False)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 300


def test_what_cannot_overlap_is_said() -> None:
    for served, surge, said in (
        (("round-robin",), 0, ""),
        (("reuseport",), 0, ""),
        (("own",), 0, "; each old worker leaves before the new one"),
        (("own", "round-robin"), 0, ""),
        (("own", "reuseport"), 0, "; each old worker leaves before the new one"),
        ((), 0, "; each old worker leaves before the new one"),
        ((), 1, ""),
    ):
        new = spec("web", cwd="/b", max_surge=surge)
        text = show(steps([new], [detail(spec("web"), served=served)]), colour=False)
        assert text.splitlines()[0] == f"~ web: reloaded{said}"
