"""Files of apps, as they are given to start, restart, stop and delete."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.load import Client
from tests.pm_command import Pm

TELLS = Path(__file__).parent / "apps" / "tells.py"

FILE = """
[defaults]
env = { COLOUR = "blue", HOUSE = "${PM_HOME}" }
[[apps]]
name = "one"
script = "tells.py"
env_stage = { COLOUR = "red" }
[[apps]]
name = "two"
script = "tells.py"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program that tells its environment, where `pm` runs."""
    shutil.copy(TELLS, tmp_path)
    return tmp_path


def variables(pm: Pm, name: str) -> dict[str, str]:
    """Return what the app's newest worker finds in its environment."""
    lines = pm("logs", name, "--nostream", "--raw", "--lines", 1).out
    found: dict[str, str] = json.loads(lines.splitlines()[-1])
    return found


def test_a_file_in_the_folder_is_found_and_its_apps_are_addressed_by_it(
    pm: Pm, folder: Path
) -> None:
    refused = pm("start", code=2).err
    assert "looked for ecosystem.toml, " in refused
    file = folder / "ecosystem.toml"
    file.write_text(FILE)
    pm("start", "--env", "stage")
    told = variables(pm, "one")
    assert (told["COLOUR"], told["HOUSE"]) == ("red", str(pm.home))
    assert variables(pm, "two")["COLOUR"] == "blue"

    file.write_text(FILE.replace("blue", "green"))
    (old, other) = pm.pids()
    pm("restart", "ecosystem.toml", "--only", "two")
    assert variables(pm, "two")["COLOUR"] == "green"
    assert pm.pids("one") == [old]
    assert pm.pids("two") != [other]
    file.write_text(FILE.replace("blue", "black"))
    pm("reload", "ecosystem.toml", "--only", "two")
    assert variables(pm, "two")["COLOUR"] == "black"
    file.write_text(FILE.replace("blue", "green"))
    pm("stop", "ecosystem.toml", "--only", "one")
    assert (pm.states("one"), pm.states("two")) == (["stopped"], ["online"])
    pm("restart", "ecosystem.toml")
    assert pm.states() == ["online", "online"]
    assert variables(pm, "one")["COLOUR"] == "green"
    (folder / "tells.py").unlink()
    pm("delete", "ecosystem.toml")
    assert pm.workers() == []


@pytest.mark.parametrize("command", ["startOrRestart", "startOrReload", "startOrGracefulReload"])
def test_pm2_s_names_for_the_start_of_what_is_not_there(command: str, pm: Pm, folder: Path) -> None:
    """Hooks of deploys that were written for PM2 call them (PM2: CLI.js)."""
    (folder / "ecosystem.toml").write_text(FILE)
    pm("start", "--only", "one")
    (old,) = pm.pids("one")
    pm(command, "ecosystem.toml", "--env", "stage")
    assert pm.states() == ["online", "online"]
    assert pm.pids("one") != [old]
    assert variables(pm, "one")["COLOUR"] == "red"


def test_what_is_not_in_the_list_keeps_no_command_from_the_others(pm: Pm, folder: Path) -> None:
    (folder / "ecosystem.toml").write_text(FILE)
    pm("start", "--only", "one")
    stopped = pm("stop", "ecosystem.toml")
    assert "note: not in the list: two" in stopped.err
    assert pm.states() == ["stopped"]
    pm("delete", "ecosystem.toml")
    assert pm.workers() == []
    assert "no app is named" in pm("delete", "ecosystem.toml", code=1).err


def test_standard_input(pm: Pm, folder: Path) -> None:
    pm("start", "-", "--only", "two", text=FILE)
    assert variables(pm, "two")["COLOUR"] == "blue"
    pm("start", "-", text=json.dumps([{"script": "tells.py", "env": {"COLOUR": "grey"}}]))
    assert variables(pm, "tells")["COLOUR"] == "grey"
    assert [view["name"] for view in pm.workers()] == ["tells", "two"]
    assert "standard input is no file of apps" in pm("start", "-", text="hello", code=2).err
    assert folder == pm.cwd


def test_all_faults_are_told_and_nothing_is_started(pm: Pm, folder: Path) -> None:
    (folder / "apps.toml").write_text(FILE.replace("tells", "nothing") + "instnces = 2\n")
    said = pm("start", "apps.toml", code=2).err
    assert "error: apps.toml is wrong in 3 places" in said
    assert said.count("there is no file") == 2
    assert "[[apps]] 2 (two): unknown key `instnces`; did you mean `instances`?" in said
    pm("start", "apps.toml", "--env", "prod", code=2)
    assert not (pm.home / "rpc.sock").exists()


def test_a_file_of_pm2_starts_unchanged(pm: Pm, folder: Path) -> None:
    app = {
        "name": "api", "script": "./tells.py", "exec_mode": "cluster", "instances": "2",
        "watch": False, "merge_logs": True, "max_restarts": 10, "min_uptime": "200",
        "kill_timeout": 3000, "port": 3000, "env": {"NODE_ENV": "development"},
        "env_production": {"NODE_ENV": "production"}, "error_file": "./err.log",
    }  # fmt: skip
    deploy = {"production": {"user": "node", "host": ["example.org"], "ref": "origin/main"}}
    del app["watch"]
    (folder / "ecosystem.json").write_text(json.dumps({"apps": [app], "deploy": deploy}))
    said = pm("start", "ecosystem.json", "--env", "production").err
    assert "note: app 1 (api): `merge_logs` changes nothing: " in said
    told = variables(pm, "api")
    assert (told["NODE_ENV"], told["PORT"]) == ("production", "3000")
    assert len(pm.workers("api")) == 2
    assert (folder / "err.log").exists()


APPLICATIONS = {
    "main.py": "import flask\napp = flask.Flask('x')\napp.route('/')(lambda: 'hi')",
    "tool.py": "import time\nif __name__ == '__main__':\n    time.sleep(1000)\n",
}


@pytest.mark.parametrize("file", APPLICATIONS)
def test_what_init_writes_can_be_started(pm: Pm, tmp_path: Path, port: int, file: str) -> None:
    (tmp_path / file).write_text(APPLICATIONS[file])
    pm("init", "--yes")
    assert "is there already" in pm("init", code=1).err
    pm("start", *(("--port", port, "-i", 2) if file == "main.py" else ()))
    if file == "main.py":
        assert Client(port).get() == "hi"
    else:
        assert pm.states() == ["online"]
