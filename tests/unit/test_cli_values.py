"""Signals, durations and sizes as they are typed."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cli.ecosystem.keys import KEYS, explained
from cli.entry import run
from cli.options import COMMANDS, Option
from cli.quick import parameters
from cli.values import dependency, seconds, signal_of
from pm.dependency import Condition, Dependency
from pm.errors import ConfigError, UsageError
from pm.model import SIGNALS, AppSpec


@pytest.mark.parametrize("text", ["SIGTERM", "TERM", "term", "sigterm", "15"])
def test_a_signal_by_any_of_its_names(text: str) -> None:
    assert signal_of(text) == "SIGTERM"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("FOO", "such as SIGTERM"),
        ("0", "such as"),
        ("99", "such as"),
        ("", "such as"),
        ("SIGTREM", "did you mean `SIGTERM`?"),
        ("usr3", "did you mean `SIGUSR"),
    ],
)
def test_what_is_no_signal(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is no signal") as caught:
        signal_of(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", sorted(SIGNALS))
def test_the_model_names_signals_that_there_are(name: str) -> None:
    assert signal_of(name) == name


@pytest.mark.parametrize("name", ["FOO", "TERM", "15", ""])
def test_a_spec_takes_no_other(name: str) -> None:
    with pytest.raises(ConfigError, match=r"stop_signal: .* is no signal"):
        AppSpec("web", "/web.py", "/", stop_signal=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kill_timeout": -1.0}, r"kill_timeout: -1\.0 is not from 0 to 999999 seconds"),
        ({"kill_timeout": float("nan")}, "kill_timeout: nan is not from"),
        ({"max_restarts": -1}, "max_restarts: -1 is not from 0 up"),
        ({"queue_depth": 0}, "queue_depth: 0 is not from 1 up"),
    ],
)
def test_numbers_out_of_range(change: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AppSpec("web", "/web.py", "/", **change)  # type: ignore[arg-type]


def test_a_stop_signal_that_is_none_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["start", "web.py", "--stop-signal", "FOO"]) == 2
    assert "--stop-signal: 'FOO' is no signal" in capsys.readouterr().err
    assert run(["send-signal", "FOO", "web"]) == 2
    assert "SIGIO" not in capsys.readouterr().err


def test_a_quote_that_is_never_closed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["start", "web.py", "--interpreter-args", "-O 'x"]) == 2
    assert '--interpreter-args: "-O \'x": No closing quotation' in capsys.readouterr().err


def test_pm2_s_milliseconds_are_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    assert (seconds("5001"), seconds("5001"), seconds("5002ms"), seconds("2h")) == (
        5001.0, 5001.0, 5.002, 7200.0,
    )  # fmt: skip
    warning = "warning: 5001 seconds? PM2's milliseconds are written 5001ms\n"
    assert capsys.readouterr().err == warning


def test_help_names_the_unit_and_the_true_default_of_each_time() -> None:
    defaults = {field.name: field.default for field in fields(AppSpec)}
    known = [p.marker for p in parameters(COMMANDS["start"].run) if isinstance(p.marker, Option)]
    assert {marker.key for marker in known} - {""} <= KEYS.keys()
    times = [marker.key for marker in known if marker.metavar == "TIME"]
    assert {"kill_timeout", "listen_timeout", "min_uptime", "restart_delay"} <= set(times)
    for key in times:
        default = f"; default {defaults[key]:g}s" if defaults[key] else ""
        assert f"(seconds, or 500ms, 2m{default})" in explained(key)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("db", Dependency("db")),
        ("migrate:completed", Dependency("migrate", Condition.COMPLETED)),
        ("shop:db", Dependency("shop:db")),
        ("shop:db:started", Dependency("shop:db", Condition.STARTED)),
        (":ready", Dependency(":ready")),
    ],
)
def test_dependencies(text: str, asked: Dependency) -> None:
    assert dependency(text) == asked
