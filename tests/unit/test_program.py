"""What a worker would run: its first path, its code, its kind."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pm.worker import program
from pm.worker.program import compiled, first_path, is_package

BOOTSTRAP = Path(program.__file__).with_name("bootstrap.py")


def test_the_first_path_of_a_script_is_its_folder(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text("")
    assert first_path("script", str(script)) == str(tmp_path)


def test_through_a_link_it_is_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "server.py").write_text("")
    link = tmp_path / "link.py"
    link.symlink_to("real/server.py")
    assert first_path("script", str(link)) == str(tmp_path / "real")


def test_a_modules_first_path_is_the_cwd() -> None:
    assert first_path("module", "http.server") == os.getcwd()


def test_folders_and_zip_files_are_their_own_first_path(tmp_path: Path) -> None:
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", "")
    for path in (tmp_path, archive):
        assert first_path("script", str(path)) == str(path)
        assert is_package(str(path))


def test_a_script_without_suffix_is_a_script(tmp_path: Path) -> None:
    script = tmp_path / "server"
    script.write_text("print(1)\n")
    assert not is_package(str(script))
    assert first_path("script", str(script)) == str(tmp_path)


@pytest.mark.parametrize("text", [b"if True\n", b"\0", b"# coding: klingon\n"])
def test_what_does_not_compile_is_left_to_the_worker(tmp_path: Path, text: bytes) -> None:
    script = tmp_path / "bad.py"
    script.write_bytes(text)
    assert compiled(str(script)) is None
    assert compiled(str(tmp_path / "missing.py")) is None


def test_code_inherits_no_future_of_ours(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text("def f(x: 1 + 1): pass\n")
    code = compiled(str(script))
    assert code is not None
    assert code.co_filename == str(script)
    names: dict[str, object] = {}
    exec(code, names)
    assert getattr(names["f"], "__annotations__", None) == {"x": 2}


def test_a_python_that_is_too_old_is_told_so() -> None:
    """Down to Python 2: what it would stumble over in the first file is not there."""
    tree = ast.parse(BOOTSTRAP.read_text())
    news = (ast.AnnAssign, ast.JoinedStr, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, news)]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.returns]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.arg) and n.annotation]
    old = "import sys; sys.version_info = (3, 8, 1); sys.version = '3.8.1 (main)';"
    run = f"import runpy; runpy.run_path({str(BOOTSTRAP)!r})"
    ended = subprocess.run(
        [sys.executable, "-c", f"{old} {run}"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{sys.executable} is Python 3.8.1: a cluster needs 3.9")
