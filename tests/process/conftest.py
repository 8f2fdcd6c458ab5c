"""Fixtures of the tests that run a daemon by itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemon_fakes.harness import clear


@pytest.fixture
def home() -> Iterator[str]:
    """A short, empty PM_HOME; fails the test that leaves a process behind, or a traceback."""
    path = Path(tempfile.mkdtemp(prefix="pmd-"))
    yield str(path)
    left = clear(str(path))
    file = path / "pm.log"
    log = file.read_text() if file.exists() else ""
    print(log)
    shutil.rmtree(path)
    assert not left, f"left running: {left}"
    assert "Traceback" not in log
