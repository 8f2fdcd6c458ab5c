"""What `pm apply` says when the daemon goes away in the middle."""

from __future__ import annotations

import pytest

from cli.commands import apply
from cli.plan import Deed, Step
from pm.changes import Need
from pm.errors import NoDaemon
from pm.model import AppSpec


def test_what_is_left_is_said_without_a_daemon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = tuple(
        Step(name, Deed.CHANGE, Need.RELOAD, spec=AppSpec(name, "/web.py", "/"))
        for name in ("web", "mail")
    )

    def gone(*_: object, **__: object) -> None:
        raise NoDaemon("the daemon went away")

    monkeypatch.setattr(apply, "_planned", lambda *_: steps)
    monkeypatch.setattr(apply, "call", gone)
    monkeypatch.setattr(apply, "list_apps", gone)
    assert apply.apply("ecosystem.toml", apply.Options()) == NoDaemon("").exit_code
    told = capsys.readouterr().err
    assert "ecosystem.toml is not applied in full" in told
    assert "failed: web" in told
    assert "not tried: mail" in told
