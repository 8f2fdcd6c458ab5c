"""Each program in `programs/` checks itself, as Node's own tests of its cluster module do."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port, is_open
from tests.processes import MARK, is_alive, marked
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 40.0


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment for programs; fails the test that leaves a process behind."""
    mark = str(tmp_path)
    yield {
        "PATH": os.defpath, "PYTHONPATH": str(ROOT), MARK: mark, "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": mark,
    }  # fmt: skip
    left = marked(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"left behind: {left}"


def examples() -> list[str]:
    """Return the programs that the documentation shows."""
    text = (ROOT / "docs" / "cluster.md").read_text()
    return re.findall(r"```python\n(import http.server.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("number", range(2))
def test_example_of_the_docs(number: int, environ: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    script = tmp_path / "app.py"
    script.write_text(examples()[number].replace("8000", str(port)))
    words = [sys.executable, str(script)]
    with subprocess.Popen(
        words, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        try:
            until(lambda: is_open(port), "it serves", PATIENCE)
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert client.makefile("rb").readline().split()[1] == b"200"
        finally:
            program.send_signal(signal.SIGINT)
        program.communicate(timeout=PATIENCE)
    assert program.returncode == 0
    assert not is_open(port)


def names() -> list[str]:
    """Return the programs that are tests."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "checks")


@pytest.mark.parametrize("name", names())
def test_program(name: str, environ: dict[str, str], tmp_path: Path) -> None:
    words = [sys.executable, "-W", "error", str(PROGRAMS / f"{name}.py")]
    program = subprocess.Popen(
        words, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, text=True,
    )  # fmt: skip
    try:
        output, _ = program.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGABRT)
        output, _ = program.communicate()
        pytest.fail(f"not within {PATIENCE} s:\n{output}")
    assert not is_alive(program.pid)
    assert program.returncode == 0, output
    assert output.splitlines()[-1:] == [f"passed {name}.py"], output
