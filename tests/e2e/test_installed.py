"""The wheel adds one name, and its door opens from anywhere."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.installed import ROOT, install
from tests.pm_command import Pm

APPS = Path(__file__).parent / "apps"
HOSTILE = ["cli.py", "daemon.py", "pm.py", "model.py", "api.py", "codec.py", "wire.py", "home.py"]


def test_the_wheel_has_one_top_level_name(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert len(names) == 2
    names.remove("pm")
    assert names.pop().endswith(".dist-info")


def test_the_version_is_told(pm: Pm) -> None:
    from pm import __version__

    assert __version__ in pm("--version").out


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A user's folder whose files carry the names of our modules."""
    for name in HOSTILE:
        (tmp_path / name).write_text("raise SystemExit('the wrong file was imported')\n")
    for name in ("daemon", "cli", "pm"):
        folder = tmp_path / "packages" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    return tmp_path


def test_the_door_opens_in_a_folder_with_our_names(pm: Pm, hostile: Path) -> None:
    pm.cwd = hostile
    assert pm("jlist").out.strip() == "[]"
    pm("start", APPS / "talks.py")
    pm.cwd = hostile / "packages"
    assert pm.states("talks") == ["online"]


@pytest.mark.parametrize("where", ["installed", "checkout"])
def test_the_door_opens_by_path(pm: Pm, hostile: Path, where: str, installed: Path) -> None:
    (site,) = installed.parent.glob("lib/python3*/site-packages")
    door = (site if where == "installed" else ROOT) / "pm" / "__main__.py"
    for path in ("", str(hostile), str(hostile / "packages")):
        child = subprocess.run(
            [installed / "python", door, "jlist"],
            cwd=hostile,
            env=pm.env | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (child.returncode, child.stdout.strip()) == (0, "[]"), child.stderr


def test_it_lives_beside_a_distribution_that_owns_the_name_daemon(
    pm: Pm, wheel: Path, tmp_path: Path
) -> None:
    bin_folder = install(wheel, tmp_path / "venv")
    (site,) = bin_folder.parent.glob("lib/python3*/site-packages")
    (site / "daemon").mkdir()
    (site / "daemon" / "__init__.py").write_text("class DaemonContext: ...\n")
    pm.bin = bin_folder
    pm("start", APPS / "talks.py")
    assert pm.states("talks") == ["online"]
    script = "import daemon; daemon.DaemonContext; import pm"
    subprocess.run([bin_folder / "python", "-c", script], check=True, cwd=tmp_path)
