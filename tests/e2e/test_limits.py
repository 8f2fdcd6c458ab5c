"""Rights, limits and PM2's smaller keys, by the command and by files."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests import strangers
from tests.pm_command import Pm

TELLS = Path(__file__).parent / "apps" / "tells.py"

FILE = """
[[apps]]
name = "web"
script = "tells.py"
append_env_to_name = true
autostart = false
umask = "027"
env_stage = { A = "1" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program that tells its environment, where `pm` runs."""
    shutil.copy(TELLS, tmp_path)
    return tmp_path


def test_an_app_that_waits_in_the_list(pm: Pm, folder: Path) -> None:
    (folder / "ecosystem.toml").write_text(FILE)
    assert "not started" in pm("start", "--env", "stage").out
    assert pm.states("web-stage") == ["stopped"]
    pm("start", "--env", "stage")  # as the file says it, once more
    assert pm.states("web-stage") == ["stopped"]
    pm("start", "web-stage")
    assert pm.states("web-stage") == ["online"]
    (pid,) = pm.pids("web-stage")
    assert "Umask:\t0027" in Path(f"/proc/{pid}/status").read_text()
    pm("delete", "ecosystem.toml", "--env", "stage")
    assert pm.workers() == []


def test_no_autostart_as_an_option(pm: Pm, folder: Path) -> None:
    pm("start", folder / "tells.py", "--no-autostart", "--max-memory-restart", "300M")
    assert pm.states() == ["stopped"]
    assert "300.0mb" in pm("describe", "tells").out


def test_who_is_not_known_is_refused_before_anything_is_started(pm: Pm, folder: Path) -> None:
    apps = [{"name": name, "script": "tells.py"} for name in ("one", "two")]
    apps[1]["uid"] = "no-such-user"
    (folder / "ecosystem.json").write_text(json.dumps({"apps": apps}))
    refused = pm("start", "ecosystem.json", code=2)
    assert "there is no user `no-such-user`" in refused.err
    assert pm.workers() == []


def test_stamps_and_rotation(pm: Pm, folder: Path) -> None:
    (folder / "ecosystem.toml").write_text(
        "[[apps]]\nscript = 'tells.py'\ntime = true\n"
        "log_rotate = { max_size = 10, keep = 2, compress = false }\n"
    )
    pm("start")
    pm("restart", "all")
    (line,) = pm("logs", "--nostream", "--raw", "--lines", 1).out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: \{", line)
    assert (pm.home / "logs" / "tells-out.log.1").exists()


@strangers.as_root
def test_a_pm_that_the_user_cannot_read_is_explained(pm: Pm, folder: Path) -> None:
    python = strangers.interpreter()
    refused = pm(
        "start", folder / "tells.py", "--user", strangers.USER, "--interpreter", python, code=1
    )
    assert "Permission denied" in refused.err
