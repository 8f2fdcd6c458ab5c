"""Lines of real workers, stamped and as objects: log_date_format, log_type."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pm.codec import to_plain
from pm.model import LogType
from pm.record import replace
from tests.process.engine import Engine, spec_of
from tests.waiting import until

SAYS = """
import sys, time
while True:
    print("one\\ntwo", flush=True)
    print("wrong", file=sys.stderr, flush=True)
    time.sleep(0.05)
"""


def last_lines(path: Path) -> list[str]:
    """Return the last two whole lines of a log."""
    until(lambda: path.exists() and path.read_text().count("\n") >= 2, "two lines")
    return path.read_text().rpartition("\n")[0].splitlines()[-2:]


def last_object(path: Path, pid: int) -> dict[str, Any]:
    """Wait until the last line of a log is an object, of that process, and return it."""

    def look() -> dict[str, Any] | None:
        line = last_lines(path)[-1]
        found: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
        return found if found.get("pid") == pid else None

    found = until(look, f"an object of {pid} in {path}")
    assert found is not None
    return found


def test_each_line_has_its_time_and_a_reload_may_change_that(tmp_path: Path) -> None:
    script = tmp_path / "says.py"
    script.write_text(SAYS)
    spec = spec_of(script, log_date_format="[at] YYYY", min_uptime=0.1, name="says")
    with Engine(tmp_path / "home", spec) as engine:
        engine.online(1)
        for line in last_lines(engine.out):
            assert re.fullmatch(r"at \d{4}: (one|two)", line)
        as_json = replace(spec, log_date_format="", log_type=LogType.JSON)
        assert engine.call("reload", spec=to_plain(as_json)).error is None
        (pid,) = engine.online(1)
        said, wrong = last_object(engine.out, pid), last_object(engine.error, pid)
        assert (said["message"] in ("one", "two"), said["type"], said["slot"]) == (True, "out", 0)
        assert (wrong["message"], wrong["type"], wrong["app_name"]) == ("wrong", "err", "says")
