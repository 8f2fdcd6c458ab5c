"""The daemon on demand, played by small scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.spawn import spawn
from pm.errors import NoDaemon, PmError

_HEAD = "import os, sys\nfd = int(os.environ['PM_READY_FD'])\nassert sys.argv[1:] == ['--daemon']\n"


def door(folder: Path, body: str) -> str:
    """Write a script that plays the daemon."""
    path = folder / "door.py"
    path.write_text(_HEAD + body)
    return str(path)


@pytest.mark.parametrize("line", ['{"ok": true}', '{"ok": true, "other": true}'])
def test_returns_when_the_daemon_is_ready(tmp_path: Path, line: str) -> None:
    spawn(str(tmp_path), door(tmp_path, f"os.write(fd, b'{line}\\n')"))


def test_raises_what_the_daemon_reports(tmp_path: Path) -> None:
    line = '{"error": {"code": "failed", "message": "no space", "hint": "make some"}}'
    with pytest.raises(PmError, match="no space") as caught:
        spawn(str(tmp_path), door(tmp_path, f"os.write(fd, b'{line}\\n')"))
    assert caught.value.hint == "make some"


def test_a_daemon_that_dies_at_once_shows_its_log(tmp_path: Path) -> None:
    (tmp_path / "pm.log").write_text("one\ntwo\n")
    with pytest.raises(NoDaemon, match="the daemon was started and") as caught:
        spawn(str(tmp_path), door(tmp_path, "sys.exit(7)"))
    assert caught.value.lines == ("one", "two")


def test_the_daemon_gets_its_home_and_a_session_of_its_own(tmp_path: Path) -> None:
    body = (
        "ok = os.environ['PM_HOME'] == os.path.dirname(__file__) and os.getsid(0) == os.getpid()\n"
        "ok = ok and os.getcwd() == '/'\n"
        "os.write(fd, b'{\"ok\": true}\\n' if ok else b'{\"ok\": false}\\n')"
    )
    spawn(str(tmp_path), door(tmp_path, body))
