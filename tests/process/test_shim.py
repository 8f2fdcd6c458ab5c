"""Sockets of an app in a worker do what they do in plain python, check by check."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.process.engine import Engine, plain_env, spec_of
from tests.pythons import PYTHONS

APPS = Path(__file__).parent / "apps"
Found = dict[str, Any]


def checks_of(app: Path) -> list[str]:
    """Return the names of the checks that an app makes."""
    lines = app.read_text().splitlines()
    return [line[len("def check_") : line.index("(")] for line in lines if "def check_" in line]


def compare(app: Path, python: str, folder: Path) -> Found:
    """Return what plain python and a worker say, by check: (plain, worker)."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        plain, worker = (
            [folder / name, busy.getsockname()[1], *(free_port() for _ in range(50))]
            for name in ("plain", "worker")
        )
        subprocess.run(
            [python, app, *map(str, plain)],
            env=plain_env(), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        spec = spec_of(app, *worker, interpreter=python, autorestart=False, listen_timeout=60.0)
        with Engine(folder / "home", spec) as engine:
            assert engine.ended() == 0, engine.error.read_text()
    expected, got = (json.loads(Path(str(args[0])).read_text()) for args in (plain, worker))
    return {name: (expected[name], got[name]) for name in checks_of(app)}


@pytest.fixture(scope="module", params=PYTHONS)
def unixes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What both say of unix sockets with one version of Python."""
    return compare(APPS / "unixes.py", PYTHONS[request.param], tmp_path_factory.mktemp("unixes"))


@pytest.mark.parametrize("check", checks_of(APPS / "unixes.py"))
def test_unix_sockets_as_in_plain_python(unixes: Found, check: str) -> None:
    expected, got = unixes[check]
    assert got == expected


@pytest.fixture(scope="module", params=PYTHONS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What both say with one version of Python."""
    return compare(APPS / "sockets.py", PYTHONS[request.param], tmp_path_factory.mktemp("shim"))


@pytest.mark.parametrize("check", checks_of(APPS / "sockets.py"))
def test_as_in_plain_python(both: Found, check: str) -> None:
    expected, got = both[check]
    assert got == expected
