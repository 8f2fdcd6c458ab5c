"""A log file that cannot be written is a note of its app, for `pm describe`, and told at once."""

from __future__ import annotations

from pathlib import Path

from tests.process.engine import Engine, spec_of


def test_it_is_noted(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text("import time\nprint('hello', flush=True)\ntime.sleep(1000)\n")
    (tmp_path / "taken").mkdir()
    spec = spec_of(script, out_file=str(tmp_path / "taken"))
    with Engine(tmp_path / "home", spec) as engine:
        engine.wait(lambda: engine.status and engine.status.notes, "a note")
        number = engine.send("want", slots=[0])
        engine.result(number)
        assert engine.status is not None
        said = f"log {tmp_path}/taken cannot be written, its lines are dropped: Is a directory"
        assert engine.status.notes == (said,)
        told = [h for h in engine.events if h.event.kind == "note"]
        assert {h.event.reason for h in told} == {said}
        assert [h.request for h in told] == [0, number], "the user who starts it is told"
