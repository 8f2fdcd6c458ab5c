"""The installed product: the wheel built from this checkout, in a venv of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build_wheel(folder: Path) -> Path:
    """Build the wheel into `folder`."""
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Make a venv with the wheel in it and return its bin folder.

    The dependencies come from the environment that runs the tests, by a .pth file: quick, and
    no index is asked. The checkout itself is not on that path.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    _run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python),
        "install", "--quiet", "--no-deps", "--no-index", str(wheel),
    )  # fmt: skip
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
