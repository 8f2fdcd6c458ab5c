"""Installs the peers into a temporary folder, once; what cannot be installed is left out."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from .bench import Tools, environment

PACKAGES = (
    "aiohttp", "circus", "gunicorn", "httptools", "pandas", "setuptools<81", "supervisor",
    "uvicorn", "uvloop",
)  # fmt: skip
"""Installed one by one: one that fails must not take the others with it."""


def prepare() -> Tools:
    """Return the tools, with every peer that could be installed. Says what it does on stderr."""
    folder = _folder()
    python = folder / "venv" / "bin" / "python"
    if not (folder / "complete").exists():
        _say(f"installing the peers into {folder} (once)")
        _install_python(folder)
        _install_pm2(folder)
        (folder / "complete").touch()
    pm2 = folder / "npm" / "node_modules" / ".bin" / "pm2"
    if not python.exists():
        return Tools(sys.executable)
    return Tools(str(python), pm2=str(pm2) if pm2.exists() else "", packages=_packages(python))


def versions(tools: Tools) -> dict[str, str]:
    """Return name and version of everything that takes part."""
    script = (
        "import importlib.metadata as m\n"
        "for d in m.distributions(): print(d.metadata['Name'], d.version)"
    )
    found = dict(
        line.lower().split() for line in _output([tools.python, "-c", script]).splitlines()
    )
    shown = {name: found[name] for name in sorted(tools.packages - {"setuptools"}) if name in found}
    if tools.pm2:
        package = Path(tools.pm2).resolve().parents[1] / "package.json"
        shown["pm2"] = json.loads(package.read_text())["version"]
        shown["node"] = _output(["node", "--version"]).strip().lstrip("v")
    return shown


def _folder() -> Path:
    """Return a folder that is ours alone, kept between runs."""
    folder = Path(tempfile.gettempdir()) / f"pm-benchmark-peers-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SystemExit(f"error: {folder} belongs to somebody else\nhint: set TMPDIR")
    return folder


def _install_python(folder: Path) -> None:
    if not _try([sys.executable, "-m", "venv", str(folder / "venv")]):
        return
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    for package in PACKAGES:
        _try([*pip, "--disable-pip-version-check", package])


def _install_pm2(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm:
        (folder / "npm").mkdir(exist_ok=True)
        _try([npm, "install", "--silent", "--prefix", str(folder / "npm"), "pm2"])


def _try(argv: list[str]) -> bool:
    try:
        done = subprocess.run(
            argv, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"left out: {argv[-1]}: {error}")
        return False
    if done.returncode:
        _say(f"left out: {argv[-1]}: {done.stderr.strip().splitlines()[-1:]}")
    return not done.returncode


def _packages(python: Path) -> frozenset[str]:
    names = [package.partition("<")[0] for package in PACKAGES]
    script = (
        "import importlib.util, sys; "
        "print(' '.join(n for n in sys.argv[1:] if importlib.util.find_spec(n)))"
    )
    return frozenset(_output([str(python), "-c", script, *names]).split())


def _output(argv: list[str]) -> str:
    return subprocess.run(
        argv, env=environment(), capture_output=True, text=True, timeout=60, check=True
    ).stdout


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
