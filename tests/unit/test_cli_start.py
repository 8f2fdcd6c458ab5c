"""Which words of `pm start` are apps of the list, and which are to be started anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.commands import start as command
from cli.commands.start import is_app, start
from cli.target import Wish
from pm.api import Apps, List, Outcome, Report, Request, Resume, Start
from pm.errors import UsageError
from pm.model import AppView, Mode, State, WorkerView


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
            return Report(tuple(Outcome(spec.name, "started") for spec in request.specs))
        return Report((Outcome("web", "already online"),))

    def told(report: Report, _: bool) -> int:
        return len(report.outcomes)

    monkeypatch.setattr(command, "call", call)
    monkeypatch.setattr(command, "tell", told)
    return requests


def begin(words: Sequence[str], wish: Wish | None = None) -> int:
    """Run `pm start` with these words."""
    return start(words, wish or Wish(""))


def test_a_stopped_app_of_the_same_script_is_replaced(asked: list[Request[Any]]) -> None:
    assert begin(["web.py", "job.py", "new.py"]) == 3
    sent = [(r.force, [s.name for s in r.specs]) for r in asked if isinstance(r, Start)]
    assert sent == [(False, ["web", "new"]), (True, ["job"])]


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
    with pytest.raises(UsageError, match=r"there is no ecosystem\.toml here"):
        begin([])


def test_a_bare_start_reads_the_file_here(asked: list[Request[Any]]) -> None:
    Path("ecosystem.toml").write_text('[[apps]]\nscript = "new.py"\n[[apps]]\nscript = "web.py"\n')
    assert begin([]) == 2
    assert start([], Wish(""), only=["new"]) == 1
    with pytest.raises(UsageError, match="the file has no app `neww`") as caught:
        start([], Wish(""), only=["neww"])
    assert "`new`" in caught.value.hint
    assert len(asked) == 2


def test_a_folder_wins_over_a_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    apps = [view("web", State.ONLINE, "/x", "batch")]
    assert is_app("batch", apps)
    (tmp_path / "batch").mkdir()
    assert not is_app("batch", apps)
    assert is_app("web", apps)
    assert is_app("all", [])
    assert not is_app("web.py", apps)
