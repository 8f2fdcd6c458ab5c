"""Command lines read without Typer, and with it where they are out of the ordinary."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from cli import app, typed
from cli.entry import run
from cli.options import COMMANDS, Command
from cli.quick import parse, quick
from pm.errors import UsageError

__all__ = ["typed"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("list", {}),
        ("ls --json", {"as_json": True}),
        ("stop a b", {"selectors": ["a", "b"]}),
        ("stop -a", None),
        ("stop", None),
        ("stop --help a", None),
        ("stop --json=1 a", None),
        ("scale web -1", {"selector": "web", "count": "-1"}),
        ("scale web +2", {"selector": "web", "count": "+2"}),
        ("scale web 2 3", None),
        ("scale web", None),
        ("send-signal USR1 a b", {"signal": "USR1", "selectors": ["a", "b"]}),
        ("logs web --lines 3", {"selectors": ["web"], "lines": 3}),
        ("logs --lines=0", {"lines": 0}),
        ("logs --lines", None),
        ("start a.py -i -1", {"what": ["a.py"], "instances": "-1"}),
        ("start a.py -i2", None),
        ("start a.py --env A=1 --env B==", {"what": ["a.py"], "env": ["A=1", "B=="]}),
        ("start --kill-timeout 500ms a", {"what": ["a"], "kill_timeout": 0.5}),
    ],
)
def test_lines(line: str, values: dict[str, Any] | None) -> None:
    words = line.split()
    assert parse(COMMANDS[words[0]], words[1:], None) == values


def test_the_words_after_two_dashes_are_the_app_s() -> None:
    assert parse(COMMANDS["start"], ["a.py"], ["-x", "--json"]) == {
        "what": ["a.py"], "rest": ("-x", "--json"),
    }  # fmt: skip
    assert parse(COMMANDS["stop"], ["a"], ["b"]) is None


def test_a_value_that_cannot_be_read_names_its_option() -> None:
    with pytest.raises(UsageError, match="--kill-timeout: 'soon' is not a duration"):
        parse(COMMANDS["start"], ["a", "--kill-timeout", "soon"], None)


def test_unknown_commands_are_left_to_typer() -> None:
    assert quick(["strt"], None) is None
    assert quick([], None) is None


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["strt"], "no such command `strt`", "did you mean `start`"),
        (["stop", "--frce", "a"], "no such option", "--help"),
        (["stop"], "missing argument", "pm stop --help"),
        (["list", "--sort"], "no such option", "pm list --help"),
    ],
)
def test_typer_explains_mistakes(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        app.run_typer(words, None)
    assert hint in caught.value.hint


def test_both_readers_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[object, ...]] = []
    line = [
        "a.py", "-i", "-1", "--env", "A=1", "--preload", "x", "--preload", "y", "--fork",
        "--min-uptime", "2m", "--max-restarts", "3", "-o", "out",
    ]  # fmt: skip

    def start(*values: object) -> int:
        given.append(values)
        return 5

    monkeypatch.setattr("cli.commands.start.start", start)
    assert quick(["start", *line], ["-x"]) == 5
    assert app.run_typer(["start", *line], ["-x"]) == 5
    assert given[0] == given[1]


def test_help_lists_every_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for declared in COMMANDS.values():
        assert f" {declared.name} " in text
        assert f" {declared.panel} ─" in text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"pm {name}" in capsys.readouterr().out


def test_what_a_start_imports_is_quick_to_import() -> None:
    code = (
        "import sys, cli.typed, cli.quick, cli.commands.start\n"
        "print({'inspect', 'dataclasses', 'difflib', 'tomllib', 'subprocess'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.usefixtures("nothing_runs")
def test_the_quick_path_imports_neither_typer_nor_rich_nor_zmq() -> None:
    code = (
        "import sys; from cli.entry import run; run(['list'])\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'typer', 'rich', 'zmq', 'pydantic', 'asyncio', 'subprocess'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def nothing_runs(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a PM_HOME in which nothing ever ran."""
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("nothing_runs")
def test_exit_codes_without_a_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    assert run(["kill"]) == 0
    assert run(["jlist"]) == 0
    assert run(["stop", "web"]) == 3
    assert run(["ping"]) == 3
    assert run(["stop"]) == 2
    assert run(["flush"]) == 3
    assert run(["pid"]) == 3
    error = capsys.readouterr().err
    assert "error: no daemon runs in" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["stop", "--help"], "pm stop [OPTIONS] {APP}..."),
        (["list", "--help"], "pm list [OPTIONS] [APP]..."),
        (["start", "--help"], "pm start [OPTIONS] [WHAT]..."),
        (["scale", "--help"], "pm scale [OPTIONS] {APP} {COUNT}"),
        (["send-signal", "--help"], "pm send-signal [OPTIONS] {SIGNAL} {APP}..."),
        (["help", "scale"], "pm scale [OPTIONS] {APP} {COUNT}"),
        (["help"], "pm [OPTIONS] COMMAND [ARGS]..."),
    ],
)
def test_usage_lines(words: list[str], usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    printed = capsys.readouterr().out
    # releases of Typer differ in the braces of what is required
    assert usage.replace("{", "").replace("}", "") in printed.replace("{", "").replace("}", "")


def test_help_names_the_aliases(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--help"]) == 0
    assert "(also: ls, l, ps, status)" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["many", "-3"])
def test_a_mistake_without_a_hint_leads_to_the_command_s_own_help(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["start", "a.py", "--max-restarts", word]) == 2
    assert "hint: `pm start --help` shows more" in capsys.readouterr().err


def test_a_fault_of_ours_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> int:
        raise RuntimeError("oh")

    monkeypatch.setitem(COMMANDS, "version", Command(broken, "version", "Look"))
    assert run(["version"]) == 1
    assert capsys.readouterr().err == (
        "error: a fault in pm itself: RuntimeError: oh\nhint: --debug shows where\n"
    )
    with pytest.raises(RuntimeError):
        run(["version", "--debug"])
