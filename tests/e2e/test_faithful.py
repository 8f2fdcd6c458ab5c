"""An app in a worker sees what it would see if `python app.py` had been typed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pm_command import Pm
from tests.pythons import PYTHONS
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
OURS = "array, atexit, errno, fcntl, gc, json, mmap, os, select, signal, socket, struct, sys"
"""What a worker may have imported before the app; asyncio, say, gevent has to patch first."""


def plain(pm: Pm, python: str, *args: object) -> subprocess.Popen[str]:
    """Start plain python as `pm` would start it."""
    return subprocess.Popen(
        [python, "-u", *map(str, args)],
        cwd=pm.cwd,
        env=pm.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # one ignored by whoever runs the tests (nohup) is no property of python
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )


def read(path: Path) -> dict[str, Any]:
    until(path.exists, str(path), 20)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def known(python: str) -> set[str]:
    """Return the modules that plain python has after importing what a worker may."""
    script = f"import {OURS}, __future__; print(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([python, "-c", script], check=True, capture_output=True)
    return set(json.loads(found.stdout))


@pytest.mark.parametrize("fork", [False, True], ids=["cluster", "fork"])
@pytest.mark.parametrize("version", PYTHONS)
def test_a_program_sees_what_plain_python_shows(
    pm: Pm, tmp_path: Path, version: str, fork: bool
) -> None:
    python = PYTHONS[version]
    child = plain(pm, python, APPS / "facts.py", tmp_path / "plain")
    expected = read(tmp_path / "plain")
    child.terminate()
    child.communicate()
    mode = ["--fork"] if fork else []
    pm("start", APPS / "facts.py", "--interpreter", python, *mode, "--", tmp_path / "ours")
    got = read(tmp_path / "ours")
    for seen in (expected["facts"], got["facts"]):
        seen["argv"].pop()
    got["facts"].pop("flags"), expected["facts"].pop("flags")
    assert got["facts"] == expected["facts"]
    assert got["pools"] == expected["pools"]
    added = got["environ"].keys() - expected["environ"].keys()
    assert [name for name in added if not name.startswith("PM_")] == []
    for name in expected["environ"].keys() & got["environ"].keys():
        assert got["environ"][name] == expected["environ"][name]
    modules = set(got["modules"]) - set(expected["modules"]) - known(python)
    assert [name for name in modules if name.partition(".")[0] != "_pm"] == []


@pytest.mark.parametrize("how", ["exit", "message", "raise", "thread", "interrupt", "signal"])
def test_a_program_ends_as_in_plain_python(pm: Pm, how: str) -> None:
    child = plain(pm, sys.executable, APPS / "ends.py", how)
    _, expected = child.communicate()
    pm(
        "start", APPS / "ends.py", "--interpreter", sys.executable, "--no-autorestart",
        "--", how, code=None,
    )  # fmt: skip
    log = pm.home / "logs" / "ends-error.log"
    until(lambda: pm.states() and pm.states()[0] in ("stopped", "errored"), "the app ended")
    until(lambda: (log.read_text() if log.exists() else "") == expected, f"the log has {expected}")
    entry = pm.workers()[0]["pm2_env"]
    if child.returncode >= 0:
        assert entry["exit_code"] == child.returncode


def test_options_of_the_interpreter_are_true(pm: Pm, tmp_path: Path) -> None:
    options = "-O -X utf8=1 -W ignore::UserWarning"
    child = plain(pm, sys.executable, *options.split(), APPS / "facts.py", tmp_path / "plain")
    expected = read(tmp_path / "plain")
    child.terminate()
    child.communicate()
    pm(
        "start", APPS / "facts.py", "--interpreter", sys.executable,
        "--interpreter-args", f"{options} -u", "--", tmp_path / "ours",
    )  # fmt: skip
    got = read(tmp_path / "ours")
    for name in ("flags", "xoptions", "warnoptions"):
        assert got["facts"][name] == expected["facts"][name], name
