"""Signals, durations and sizes as they are typed."""

from __future__ import annotations

import pytest

from cli.entry import run
from cli.values import signal_of
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
