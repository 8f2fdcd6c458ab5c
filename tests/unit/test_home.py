"""PM_HOME belongs to one user, and app names become names of files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pm.errors import Failed
from pm.home import default_home, file_name, open_home, through


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_pm_home_is_made_private(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    os.close(open_home(str(home)))
    assert [mode(home), mode(home / "run"), mode(home / "logs")] == [0o700] * 3


@pytest.mark.parametrize("loose", [0o755, 0o750, 0o500])
def test_an_empty_folder_is_closed(tmp_path: Path, loose: int) -> None:
    tmp_path.chmod(loose)
    os.close(open_home(str(tmp_path)))
    assert mode(tmp_path) == 0o700


@pytest.mark.parametrize("name", ["daemon.lock", "state.db"])
@pytest.mark.parametrize("loose", [0o755, 0o777, 0o1777])
def test_a_pm_home_is_closed(tmp_path: Path, loose: int, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "other").touch()
    tmp_path.chmod(loose)
    os.close(open_home(str(tmp_path)))
    assert mode(tmp_path) == 0o700


@pytest.mark.parametrize(
    ("loose", "files"),
    [
        (0o1777, []), (0o775, []), (0o755, ["other"]), (0o705, ["other"]), (0o1777, ["other"]),
        (0o777, ["daemon.lock/"]),
    ],
)  # fmt: skip
def test_a_folder_for_others_is_refused_untouched(
    tmp_path: Path, loose: int, files: list[str]
) -> None:
    for name in files:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    tmp_path.chmod(loose)
    with pytest.raises(Failed, match="is open to others") as caught:
        open_home(str(tmp_path))
    assert caught.value.hint == (f"`chmod 700 {tmp_path}`, or set PM_HOME to a folder of pm's own")
    assert mode(tmp_path) == loose
    assert not (tmp_path / "run").exists()


def test_a_private_folder_with_other_files_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    tmp_path.chmod(0o2700)
    os.close(open_home(str(tmp_path)))
    assert mode(tmp_path) == 0o2700


def test_a_link_is_no_sign_of_a_pm_home(tmp_path: Path) -> None:
    (tmp_path / "daemon.lock").symlink_to("/dev/null")
    tmp_path.chmod(0o1777)
    with pytest.raises(Failed, match="is open to others"):
        open_home(str(tmp_path))


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(Failed, match=r"cannot use .*: it is no folder") as caught:
            open_home(str(path))
    assert caught.value.hint == "set PM_HOME to a folder of yours"


def test_the_folder_of_somebody_else_is_refused_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(Failed, match="belongs to another user"):
        open_home(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_path_through_the_descriptor_reaches_long_folders(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    fd = open_home(str(deep))
    (deep / "file").write_text("there")
    path = through(fd, "file")
    assert len(path) < 40
    assert Path(path).read_text() == "there"
    os.close(fd)


def test_default_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("PM_HOME", raising=False)
    assert default_home() == "/home/somebody/.pm"
    monkeypatch.setenv("PM_HOME", "")
    assert default_home() == "/home/somebody/.pm"
    monkeypatch.setenv("PM_HOME", "~/other")
    assert default_home() == "/home/somebody/other"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PM_HOME", "here")
    assert default_home() == str(tmp_path / "here")


def test_an_unknown_home_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PM_HOME", "~nobody-of-that-name/x")
    with pytest.raises(Failed, match="cannot tell"):
        default_home()


@pytest.mark.parametrize("name", ["web", "web-1", "Web.API_2", "a" * 60])
def test_plain_names_stay(name: str) -> None:
    assert file_name(name) == name


ODD = ["a b", "a:b", "a*b", "...", ".web", "-", "grün", "a" * 61, "a" * 62, "\udc80", "\udc81"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_become_plain(name: str) -> None:
    made = file_name(name)
    assert made.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()
    assert made.isascii()
    assert not made.startswith(".")
    assert len(made) <= 60


def test_odd_names_stay_apart() -> None:
    assert len({file_name(name) for name in ODD}) == len(ODD)
