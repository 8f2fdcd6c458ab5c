"""Which words of `pm start` are apps of the list, and which are to be started anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.commands import files, lives
from cli.commands import start as command
from cli.commands.start import is_app, start
from cli.ecosystem.file import Choice
from cli.report import print_outcomes
from cli.target import Wish
from pm.api import (
    Apps,
    Change,
    Describe,
    Detail,
    Details,
    List,
    Outcome,
    Reload,
    Report,
    Request,
    Restart,
    Resume,
    Start,
)
from pm.changes import Need
from pm.errors import UsageError
from pm.model import AppSpec, AppView, Mode, State, WorkerView


def view(name: str, state: State, script: str, namespace: str = "default") -> AppView:
    """Return an app with one worker, whose id is 7."""
    worker = WorkerView(0, 7, state)
    return AppView(name, namespace, Mode.CLUSTER, state, State.ONLINE, (worker,), script, 0.0)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Request[Any]]:
    """Play a daemon that holds one stopped and one online app; returns what it is asked."""
    for name in ("web", "job", "new"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    apps = (
        view("web", State.ONLINE, str(tmp_path / "web.py")),
        view("job", State.ERRORED, str(tmp_path / "job.py"), "batch"),
    )
    requests: list[Request[Any]] = []

    def call(request: Request[Any], **_: object) -> Any:
        if isinstance(request, List):
            return Apps(apps)
        if isinstance(request, Describe):
            return Details(
                tuple(Detail(app, AppSpec(app.name, app.script, "/"), ()) for app in apps)
            )
        requests.append(request)
        if isinstance(request, (Start, Change)):
            return Report(tuple(Outcome(spec.name, "started, 1 worker") for spec in request.specs))
        return Report((Outcome("web", "already online"),))

    def told(report: Report, _as_json: bool, _table: bool = True) -> int:
        print_outcomes(report)
        return len(report.outcomes)

    monkeypatch.setenv("PM_HOME", str(tmp_path / "no-daemon"))
    for module in (command, files, lives):
        monkeypatch.setattr(module, "call", call)
    for module in (command, lives):
        monkeypatch.setattr(module, "tell", told)
    return requests


def begin(words: Sequence[str], wish: Wish | None = None) -> int:
    """Run `pm start` with these words."""
    return start(words, wish or Wish(""))


def sent(asked: list[Request[Any]]) -> list[tuple[bool, list[str]]]:
    """Return what was asked to be started, and whether by force."""
    return [(r.force, [s.name for s in r.specs]) for r in asked if isinstance(r, Start)]


def changed(asked: list[Request[Any]]) -> list[tuple[Need, list[str]]]:
    """Return what was asked to be changed, and what is done to it at the least."""
    return [(r.least, [s.name for s in r.specs]) for r in asked if isinstance(r, Change)]


def specs(asked: list[Request[Any]]) -> list[AppSpec]:
    """Return the specs of all starts and changes."""
    return [s for request in asked if isinstance(request, (Start, Change)) for s in request.specs]


def test_a_script_replaces_nothing_that_runs(asked: list[Request[Any]]) -> None:
    assert begin(["web.py", "job.py", "new.py"]) == 3
    assert sent(asked) == [(False, ["web", "job", "new"])]


APPS = '[[apps]]\nscript = "web.py"\nenv = { A = "1", B = "1" }\n[[apps]]\nscript = "new.py"\n'


def test_a_file_restarts_its_apps_of_the_list(asked: list[Request[Any]]) -> None:
    Path("apps.toml").write_text(APPS + '[[apps]]\nscript = "job.py"\n')
    assert begin(["apps.toml"]) == 3
    assert sent(asked) == [(False, ["new"])]
    assert changed(asked) == [(Need.RESTART, ["web", "job"])]


def test_a_file_leaves_another_app_of_the_same_name_alone(asked: list[Request[Any]]) -> None:
    Path("apps.toml").write_text('[[apps]]\nname = "web"\nscript = "new.py"\n')
    begin(["apps.toml"])
    assert sent(asked) == [(False, ["web"])]


def test_options_beside_a_file_are_for_all_its_apps(
    asked: list[Request[Any]], tmp_path: Path
) -> None:
    (tmp_path / "conf").mkdir()
    path = tmp_path / "conf" / "apps.toml"
    path.write_text(APPS.replace('"web.py"', '"../web.py"').replace('"new.py"', '"../new.py"'))
    wish = Wish(
        "", args=("-x",), cwd="conf", fork=True, instances="3", env={"B": "2"},
        options={"namespace": "front", "kill_timeout": 2.0},
    )  # fmt: skip
    begin(["conf/apps.toml"], wish)
    for spec in specs(asked):
        assert (spec.instances, spec.namespace, spec.kill_timeout) == (3, "front", 2.0)
        assert (spec.cwd, spec.args, spec.exec_mode) == (f"{tmp_path}/conf", ("-x",), Mode.FORK)
    by_name = {spec.name: spec for spec in specs(asked)}
    assert (by_name["web"].env["A"], by_name["web"].env["B"]) == ("1", "2")


def test_a_name_beside_a_file_is_for_one_app(asked: list[Request[Any]]) -> None:
    Path("apps.toml").write_text(APPS)
    with pytest.raises(UsageError, match="--name: 2 apps cannot share one name"):
        begin(["apps.toml"], Wish("", name="x"))
    assert start(["apps.toml"], Wish("", name="x"), choice=Choice(("new",))) == 1
    assert sent(asked) == [(False, ["x"])]


@pytest.mark.parametrize("word", ["new.py", "web"])
def test_only_is_for_files(asked: list[Request[Any]], word: str) -> None:
    with pytest.raises(UsageError, match=f"--only: `{word}` is no file of apps"):
        start([word], Wish(""), choice=Choice(("new",)))
    assert asked == []


@pytest.mark.parametrize(
    ("verb", "need", "by_name"),
    [(lives.restart, Need.RESTART, Restart), (lives.reload, Need.RELOAD, Reload)],
)
def test_restart_and_reload_take_the_values_of_a_file(
    verb: Callable[..., int], need: Need, by_name: Any, asked: list[Request[Any]]
) -> None:
    Path("apps.toml").write_text(APPS + "env_stage = { A = '3' }\n")
    assert verb(["apps.toml", "job"]) == 3
    assert (sent(asked), changed(asked)) == ([(False, ["new"])], [(need, ["web"])])
    assert asked[-1] == by_name(("job",))
    verb(["apps.toml"], choice=Choice(("new",), "stage"))
    assert [(spec.name, spec.env["A"]) for spec in specs(asked)[2:]] == [("new", "3")]


@pytest.mark.parametrize("verb", [lives.stop, lives.delete])
def test_stop_and_delete_need_only_the_names_that_are_listed(
    verb: Callable[[Sequence[str], Choice], int], asked: list[Request[Any]]
) -> None:
    Path("apps.toml").write_text(APPS + "[[apps]]\nname = 'gone'\nscript = 'gone.py'\n")
    verb(["apps.toml"], Choice())
    verb(["apps.toml"], Choice(("gone",)))
    verbs = [request for request in asked if not isinstance(request, Describe)]
    assert [r.selectors for r in verbs] == [("web",), ("gone",)]  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="--only: `web` is no file of apps"):
        verb(["web"], Choice(("gone",)))


def test_an_app_of_the_list_is_resumed(asked: list[Request[Any]]) -> None:
    begin(["web", "7", "batch", "/^j/", "web:0"])
    assert asked == [Resume(("web", "7", "batch", "/^j/", "web:0"))]


def test_options_do_not_change_an_app_of_the_list(asked: list[Request[Any]]) -> None:
    with pytest.raises(UsageError, match="its options are not changed"):
        begin(["web"], Wish("", instances="4"))
    assert asked == []


@pytest.mark.usefixtures("asked")
def test_one_name_is_for_one_app() -> None:
    with pytest.raises(UsageError, match="cannot share one name"):
        begin(["web.py", "new.py"], Wish("", name="x"))


@pytest.mark.usefixtures("asked")
def test_nothing_to_start() -> None:
    with pytest.raises(UsageError, match=r"no file of apps here: looked for ecosystem\.toml, "):
        begin([])


def test_a_bare_start_reads_the_file_here(asked: list[Request[Any]]) -> None:
    Path("ecosystem.toml").write_text('[[apps]]\nscript = "new.py"\n[[apps]]\nscript = "web.py"\n')
    assert begin([]) == 2
    assert (sent(asked), changed(asked)) == ([(False, ["new"])], [(Need.RESTART, ["web"])])
    assert start([], Wish(""), choice=Choice(("new",))) == 1
    with pytest.raises(UsageError, match="the file has no app `neww`") as caught:
        start([], Wish(""), choice=Choice(("neww",)))
    assert "`new`" in caught.value.hint
    assert len(asked) == 3


def test_a_folder_wins_over_a_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    apps = [view("web", State.ONLINE, "/x", "batch")]
    assert is_app("batch", apps)
    (tmp_path / "batch").mkdir()
    assert not is_app("batch", apps)
    assert is_app("web", apps)
    assert is_app("all", [])
    assert not is_app("web.py", apps)
    assert not is_app("web:app", apps)


def test_several_processes_of_a_node_program_are_no_cluster(
    asked: list[Request[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "node").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "server.js").write_text("")
    start(("server.js",), Wish("", instances="1"))
    assert "note" not in capsys.readouterr().err
    start(("server.js",), Wish("", instances="3"))
    assert "note: server: server.js is no Python program, so -i" in capsys.readouterr().err
    assert [type(request) for request in asked] == [Start, Start]
