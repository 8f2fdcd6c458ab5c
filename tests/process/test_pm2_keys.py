"""PM2's keys about single workers: a variable that counts up, an end by message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ports import free_port, is_open
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "told.py"


def test_each_slot_has_the_variable_one_higher(tmp_path: Path) -> None:
    port = free_port()
    env = {"PATH": "/bin", "PORT": str(port)}
    spec = spec_of(APP, env=env, increment_var="PORT")
    with Engine(tmp_path / "home", spec, slots=2) as engine:
        engine.online(2)
        assert engine.status is not None
        assert sorted(view.port for view in engine.status.listeners) == [port, port + 1]
        assert is_open(port)
        assert engine.call("reload").error is None
        assert is_open(port + 1)


@pytest.mark.parametrize(("deaf", "how"), [((), "message"), (("deaf",), "signal")])
def test_a_worker_that_hears_messages_is_told_to_end(
    deaf: tuple[str, ...], how: str, tmp_path: Path
) -> None:
    env = {"PATH": "/bin", "PORT": str(free_port())}
    spec = spec_of(APP, *deaf, env=env, shutdown_with_message=True)
    with Engine(tmp_path / "home", spec) as engine:
        engine.online(1)
        assert engine.call("restart").error is None
        until(lambda: f"by {how}" in engine.out.read_text(), "its last words")
