"""A log file that cannot be written is a note of its app, for `pm describe`."""

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
        assert engine.status is not None
        assert engine.status.notes == (
            f"log {tmp_path}/taken cannot be written, its lines are dropped: Is a directory",
        )
