"""Which changes of files mean something, and which folders are looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.watching.ignore import Ignore
from daemon.watching.tree import MOST_FOLDERS, Tree, sorted_out
from pm.errors import Failed


@pytest.mark.parametrize(
    "path",
    [
        ".git/HEAD", "src/__pycache__/a.cpython-311.pyc", "a.pyc", ".venv/lib/x.py", "venv/x.py",
        "node_modules/x/index.js", "logs/today", "app.log", "app.log.1", ".a.py.swp", "a.py~",
        ".#a.py", "#a.py#", "4913", "db.sqlite3", "db.sqlite3-journal", "x.tmp", "deep/.idea/x",
    ],
)  # fmt: skip
def test_usually_ignored(path: str) -> None:
    assert Ignore((), "/app")(f"/app/{path}", "/app")


@pytest.mark.parametrize("path", ["a.py", "src/logs.py", "templates/a.html", ".env", "catalog"])
def test_usually_watched(path: str) -> None:
    assert not Ignore((), "/app")(f"/app/{path}", "/app")


@pytest.mark.parametrize(
    ("pattern", "ignored", "watched"),
    [
        ("data", "a/data/x", "a/mydata"),
        ("data/", "data/x", "database"),
        ("*.html", "a/b.html", "b.htm"),
        ("static/img", "static/img/a.png", "a/static/img/a.png"),
        ("./static/**", "static/a", "b/static/a"),
        ("**/gen/*", "a/gen/x.py", "a/general/x.py"),
        ("src/**/gen.py", "src/a/b/gen.py", "src/a/gen.pyx"),
        ("src/**/gen.py", "src/gen.py", "gen.py"),
        ("/app/data", "data/x", "a/data"),
        ("\\.env", ".env", "xenv"),
        ("*.{png,jpg}", "a.jpg", "a.gif"),
        ("[ab].py", "a.py", "c.py"),
        ("[!ab].py", "c.py", "a.py"),
        ("a?c", "abc", "abbc"),
        ("[", "[", "a"),
    ],
)
def test_patterns(pattern: str, ignored: str, watched: str) -> None:
    ignore = Ignore([pattern], "/app")
    assert ignore(f"/app/{ignored}", "/app")
    assert not ignore(f"/app/{watched}", "/app")


def test_the_last_pattern_decides() -> None:
    ignore = Ignore(["!*.log", "secret.log", "!logs"], "/app")
    assert not ignore("/app/app.log", "/app")
    assert ignore("/app/secret.log", "/app")
    assert not ignore("/app/logs/x.py", "/app")


def test_what_was_asked_for_by_name_is_watched_wherever_it_lies() -> None:
    assert not Ignore((), "/app")("/app/logs/x.py", "/app/logs")
    assert not Ignore((), "/app")("/venv/app.log", "/venv/app.log")


def test_own_files_are_ignored_in_any_case() -> None:
    ignore = Ignore(["!*"], "/app", own=["/app/out.txt", "/app/.pm"])
    assert ignore("/app/out.txt", "/app")
    assert ignore("/app/.pm/state", "/app")
    assert not ignore("/app/out.txt.py", "/app")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An app with code, an environment that no name tells, and caches."""
    for name in ("src/deep", "src/__pycache__", ".git/objects", "py311/lib", "static"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "py311" / "pyvenv.cfg").write_text("")
    return tmp_path


def tree(folder: Path, *paths: str, ignore: tuple[str, ...] = ()) -> Tree:
    """Return what is watched of the folder."""
    watched = tuple(str(folder / path) for path in paths) or (str(folder),)
    return Tree.of("web", watched, Ignore(ignore, str(folder)))


def inside(folder: Path, tree: Tree) -> set[str]:
    """Return the folders that are looked into, relative."""
    return {str(Path(path).relative_to(folder)) for path in tree.folders()}


def test_only_folders_that_matter_cost_the_kernel_a_watch(folder: Path) -> None:
    assert inside(folder, tree(folder)) == {".", "src", "src/deep", "static"}
    assert inside(folder, tree(folder, ignore=("static",))) == {".", "src", "src/deep"}
    assert inside(folder, tree(folder, "src")) == {"src", "src/deep"}


def test_of_a_file_and_of_what_is_not_there_the_folder_above_is_looked_into(folder: Path) -> None:
    assert inside(folder, tree(folder, "src/a.py", "static/later/b.py")) == {"src", "static"}
    assert tree(folder, "src/a.py").concerns(f"{folder}/src/a.py")
    assert not tree(folder, "src/a.py").concerns(f"{folder}/src/b.py")


def test_globs(folder: Path) -> None:
    found = tree(folder, "src/**/*.py")
    assert inside(folder, found) == {"src", "src/deep"}
    assert found.concerns(f"{folder}/src/deep/a.py")
    assert not found.concerns(f"{folder}/src/deep/a.html")


def test_too_many_folders_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.watching.tree.MOST_FOLDERS", 3)
    with pytest.raises(Failed, match="over 3 folders"):
        tree(folder).folders()
    assert MOST_FOLDERS > 3


def test_changes_are_sorted_out(folder: Path) -> None:
    app = tree(folder)
    known = app.folders()

    def out(*changes: tuple[int, str]) -> tuple[list[str], bool]:
        return sorted_out(app, [(kind, f"{folder}/{path}") for kind, path in changes], known)

    (folder / "a.py").write_text("")
    (folder / "new").mkdir()
    assert out((2, "a.py"), (2, "src"), (1, "a.pyc")) == ([f"{folder}/a.py"], False)
    assert out((1, "new")) == ([], True)
    assert out((3, "static")) == ([f"{folder}/static"], True)
    assert out((1, "came"), (3, "came")) == ([], False)
    assert out((1, "a.py"), (3, "a.py")) == ([f"{folder}/a.py"] * 2, False)
    assert sorted_out(app, [(3, str(folder.parent))], known) == ([], True)
