"""The Pythons of this machine that an app may use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def _found() -> dict[str, str]:
    found = {}
    folders = [*map(Path, os.get_exec_path()), *Path.home().glob(".pyenv/versions/*/bin")]
    for minor in range(9, 15):
        for folder in folders:
            path = folder / f"python3.{minor}"
            if path.exists() and _works(path):
                found[f"3.{minor}"] = str(path)
    return found


def _works(python: Path) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = _found()
"""Versions from 3.9 on, each with its path."""
