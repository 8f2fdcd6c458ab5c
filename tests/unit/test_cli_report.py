"""Errors and outcomes as the user reads them."""

from __future__ import annotations

import pytest

from cli.report import print_error, print_outcomes
from pm.api import ErrorBody, Outcome, Report
from pm.errors import NoDaemon, NotFound


def test_an_error_has_its_hint_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_error(NotFound("no app is named `wbe`", "did you mean `web`?")) == 1
    printed = capsys.readouterr()
    assert printed.err == "error: no app is named `wbe`\nhint: did you mean `web`?\n"
    assert printed.out == ""


def test_lines_are_indented_and_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_error(NoDaemon("gone", lines=["a\x1b[0m", "b"])) == 3
    assert capsys.readouterr().err == "error: gone\n  a\ufffd[0m\n  b\n"


def test_outcomes_and_the_exit_code_of_the_first_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(
        (
            Outcome("web", "started, 4 workers"),
            Outcome("bot", "already online", changed=False),
            Outcome("api", "", ErrorBody("not-ready", "no port after 30 s", "look", ("boom",))),
            Outcome("job", "", ErrorBody("failed", "exit code 1")),
        )
    )
    assert print_outcomes(report) == 4
    printed = capsys.readouterr()
    assert printed.out == "✓ web: started, 4 workers\n- bot: already online\n"
    assert printed.err == ("✗ api: no port after 30 s\n    boom\nhint: look\n✗ job: exit code 1\n")


def test_all_is_well() -> None:
    assert print_outcomes(Report(())) == 0
