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
from pm.api import Apps, List, Outcome, Reload, Report, Request, Restart, Resume, Start, Stop
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
        requests.append(request)
        if isinstance(request, Start):
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


def specs(asked: list[Request[Any]]) -> list[AppSpec]:
    """Return the specs of all starts."""
    return [spec for request in asked if isinstance(request, Start) for spec in request.specs]


def test_a_script_replaces_nothing_that_runs(asked: list[Request[Any]]) -> None:
    assert begin(["web.py", "job.py", "new.py"]) == 3
    assert sent(asked) == [(False, ["web", "job", "new"])]


APPS = '[[apps]]\nscript = "web.py"\nenv = { A = "1", B = "1" }\n[[apps]]\nscript = "new.py"\n'


def test_a_file_restarts_its_apps_that_run(
    asked: list[Request[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("apps.toml").write_text(APPS + '[[apps]]\nscript = "job.py"\n')
    assert begin(["apps.toml"]) == 3
    assert sent(asked) == [(False, ["new", "job"]), (False, ["web"])]
    assert asked[1] == Stop(("web",))  # not replaced by force: it keeps its ids and events
    assert "web: restarted with the file's values, 1 worker" in capsys.readouterr().out


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


def test_reload_says_that_a_file_only_names_apps(
    asked: list[Request[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("apps.toml").write_text(APPS)
    lives.reload(["apps.toml", "job"])
    assert asked == [Reload(("web", "new", "job"))]
    assert "`pm restart apps.toml` restarts them with its values" in capsys.readouterr().err


def test_restart_takes_the_values_of_a_file_and_starts_what_is_not_there(
    asked: list[Request[Any]],
) -> None:
    Path("apps.toml").write_text(APPS + "env_stage = { A = '3' }\n")
    assert lives.restart(["apps.toml", "job"], choice=Choice()) == 3
    assert sent(asked) == [(False, ["new"]), (False, ["web"])]
    assert asked[-1] == Restart(("job",))
    lives.restart(["apps.toml"], choice=Choice(("new",), "stage"))
    assert [(spec.name, spec.env["A"]) for spec in specs(asked)[2:]] == [("new", "3")]


@pytest.mark.parametrize("verb", [lives.stop, lives.delete])
def test_stop_and_delete_need_only_the_names(
    verb: Callable[[Sequence[str], tuple[str, ...]], int], asked: list[Request[Any]]
) -> None:
    Path("apps.toml").write_text(APPS + "[[apps]]\nname = 'gone'\nscript = 'gone.py'\n")
    verb(["apps.toml"], ())
    verb(["apps.toml"], ("gone",))
    assert [r.selectors for r in asked] == [  # type: ignore[attr-defined]
        ("web", "new", "gone"), ("gone",),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="--only: `web` is no file of apps"):
        verb(["web"], ("gone",))


def test_an_app_of_the_list_is_resumed(asked: list[Request[Any]]) -> None:
    begin(["web", "7", "batch", "/^j/"])
    assert asked == [Resume(("web", "7", "batch", "/^j/"))]


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
    assert sent(asked) == [(False, ["new"]), (False, ["web"])]
    assert start([], Wish(""), choice=Choice(("new",))) == 1
    with pytest.raises(UsageError, match="the file has no app `neww`") as caught:
        start([], Wish(""), choice=Choice(("neww",)))
    assert "`new`" in caught.value.hint
    assert len(asked) == 4


def test_a_folder_wins_over_a_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    apps = [view("web", State.ONLINE, "/x", "batch")]
    assert is_app("batch", apps)
    (tmp_path / "batch").mkdir()
    assert not is_app("batch", apps)
    assert is_app("web", apps)
    assert is_app("all", [])
    assert not is_app("web.py", apps)
