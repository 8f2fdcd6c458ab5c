"""Every Python that may import the module: those from 3.10 on fork, 3.9 says why it does not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.process.cluster.test_programs import PATIENCE, PROGRAMS, ROOT
from tests.pythons import PYTHONS

NOT_HERE = """
from pm import cluster
assert cluster.is_primary and cluster.workers == {} and cluster.worker is None
cluster.on("exit", print)
try:
    cluster.fork()
except cluster.NotPrimary as error:
    assert "3.10" in str(error)
    print("passed basic.py")
"""


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_every_python(version: str, tmp_path: Path) -> None:
    words = ["-c", NOT_HERE] if version == "3.9" else [str(PROGRAMS / "basic.py")]
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [PYTHONS[version], "-W", "error", *words], env=environ, cwd=tmp_path, text=True,
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("passed basic.py\n", "")
