"""Streams that are closed, and encodings that lack our characters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def pm(home: Path, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which `pm` is ours."""
    script = f'pm() {{ "{sys.executable}" -m cli "$@"; }}; {line}'
    return subprocess.run(
        ["sh", "-c", script], env={**os.environ, "PM_HOME": str(home), **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("line", ["pm list >&-", "pm list >&- 2>&-", "pm list <&- >&-"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, line: str) -> None:
    done = pm(tmp_path, line)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("words", "code"), [("list", 0), ("stop web", 3), ("lst", 2)])
def test_a_reader_who_has_gone_changes_no_exit_code(tmp_path: Path, words: str, code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    env = {**os.environ, "PM_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "cli", *words.split()]
    ended = subprocess.run(command, env=env, stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert ended.returncode == code


def test_a_table_in_ascii(tmp_path: Path) -> None:
    done = pm(tmp_path, "pm list", PYTHONIOENCODING="ascii")
    assert done.stdout.splitlines()[1].startswith("| id | name | namespace |")
    assert set(done.stdout.splitlines()[0]) == {"+", "-"}
    assert "\\u" not in done.stdout


def test_what_has_no_likeness_in_ascii_is_escaped(tmp_path: Path) -> None:
    done = pm(tmp_path, "pm stop ö…", PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert done.returncode == 3
    code = (
        "import sys; from cli.screen import make_safe; make_safe(); print('\\u2713 \\xf6\\u2026')"
    )
    line = f'"{sys.executable}" -c "{code}"'
    assert pm(tmp_path, line, PYTHONIOENCODING="ascii").stdout == "+ \\xf6~\n"
