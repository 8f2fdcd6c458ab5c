"""What tests of other users need: root, a user to become, and a Python that this user can run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
USER = "nobody"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may run apps as another user")


def user() -> pwd.struct_passwd:
    """Return the user that the tests' apps run as."""
    return pwd.getpwnam(USER)


def interpreter() -> str:
    """Return a Python that the user may run; the tests' own may lie in root's home."""
    known = [sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"]
    for path in known:
        with open(os.devnull, "wb") as nowhere:
            try:
                code = "import sys; sys.exit(sys.version_info < (3, 9))"
                ended = subprocess.run(
                    [path, "-c", code], user=user().pw_uid, group=user().pw_gid, extra_groups=[],
                    cwd="/", env={}, stderr=nowhere, check=False,
                )  # fmt: skip
            except OSError:
                continue
        if ended.returncode == 0:
            return path
    return pytest.skip(f"{USER} can run none of {', '.join(known)}")


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may look into, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="pm-open-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def copy_of_pm(folder: Path) -> Path:
    """Copy the package to where every user may read it, as an installed one may be read."""
    before = os.umask(0o022)
    try:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "pm", folder / "pm", ignore=ignored, copy_function=shutil.copyfile)
    finally:
        os.umask(before)
    for path in (folder / "pm", *(folder / "pm").rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder / "pm" / "master" / "__main__.py"
