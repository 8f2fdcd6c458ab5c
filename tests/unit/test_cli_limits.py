"""Keys of ecosystem files that limit an app: its rights, its memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.ecosystem.apps import read
from cli.target import Caller
from pm.errors import ConfigError
from pm.model import AppSpec


def spec_of(folder: Path, keys: str) -> AppSpec:
    """Read an app with these keys."""
    (folder / "web.py").write_text("")
    (folder / "python3").symlink_to("/bin/sh")
    path = folder / "ecosystem.toml"
    path.write_text(f"[[apps]]\nscript = 'web.py'\n{keys}\n")
    (spec,) = read(str(path), Caller(str(folder), {"PATH": str(folder)}, 0o022, 4))
    return spec


def fault_of(folder: Path, keys: str) -> str:
    """Return what is said of an app with these keys."""
    with pytest.raises(ConfigError) as caught:
        spec_of(folder, keys)
    return "\n".join(caught.value.lines)


@pytest.mark.parametrize(
    ("keys", "user", "group"),
    [
        ("user = 'nobody'", "nobody", ""),
        ("uid = 33\ngid = '44'", "33", "44"),
        ("username = 'nobody'\ngroup = 'daemon'", "nobody", "daemon"),
        ("ports = 80", "", ""),
    ],
)
def test_who_runs_it(keys: str, user: str, group: str, tmp_path: Path) -> None:
    spec = spec_of(tmp_path, keys)
    assert (spec.user, spec.group) == (user, group)
    assert spec.ports == ((80,) if "ports" in keys else ())


@pytest.mark.parametrize(
    "keys", ["user = ''", "uid = -1", "user = true", "user = 'no such user'", "uid = 4294967295"]
)
def test_who_cannot_run_it(keys: str, tmp_path: Path) -> None:
    assert ": u" in fault_of(tmp_path, keys)


@pytest.mark.parametrize(
    ("written", "mask"),
    [("'022'", 0o022), ("'27'", 0o027), ("'0o077'", 0o077), ("0o022", 0o022), ("2", 2), ("0", 0)],
)
def test_umask_is_octal(written: str, mask: int, tmp_path: Path) -> None:
    assert spec_of(tmp_path, f"umask = {written}").umask == mask


def test_without_the_key_the_umask_is_the_callers(tmp_path: Path) -> None:
    assert spec_of(tmp_path, "").umask == 0o022


@pytest.mark.parametrize("written", ["22", "77", "0o077", "'8'", "'rw'", "-1", "'1000'"])
def test_an_umask_that_may_mean_something_else(written: str, tmp_path: Path) -> None:
    said = fault_of(tmp_path, f"umask = {written}")
    assert said.startswith("[[apps]] 1: umask: ")
    assert 'write it as text, such as "022"' in said
