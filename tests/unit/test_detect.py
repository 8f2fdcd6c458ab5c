"""What a folder holds, and the file that `pm init` writes for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.commands import init as command
from cli.detect import Found, detect
from cli.ecosystem.apps import read
from cli.target import this_caller
from pm.errors import Failed, UsageError

FASTAPI = "from fastapi import FastAPI\napp: FastAPI = FastAPI(title='x')\n"
FLASK = "import flask\ndef create_app():\n    made = flask.Flask(__name__)\n    return made\n"
SCRIPT = 'import sys\nif __name__ == "__main__":\n    sys.exit(0)\n'
MANAGE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.dev")\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, named `my shop`, that is the working directory."""
    path = tmp_path / "my shop"
    path.mkdir()
    monkeypatch.chdir(path)
    monkeypatch.setenv("PWD", str(path))
    return path


def fill(folder: Path, files: dict[str, str]) -> None:
    """Write files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"manage.py": MANAGE, "shop/wsgi.py": "", "shop/asgi.py": ""},
         [Found("Django", "shop.wsgi:application")]),
        ({"manage.py": MANAGE, "shop/asgi.py": ""}, [Found("Django", "shop.asgi:application")]),
        ({"main.py": FASTAPI}, [Found("FastAPI", "main:app"), Found("script", "main.py")]),
        ({"src/shop/api.py": FASTAPI}, [Found("FastAPI", "shop.api:app", "src")]),
        ({"shop/__init__.py": FLASK, "run.py": "from shop import create_app\napp = create_app()"},
         [Found("application", "run:app"), Found("Flask", "shop:create_app()"),
          Found("script", "run.py")]),
        ({"main.py": FLASK + "app = flask.Flask('x')\n"},
         [Found("Flask", "main:app"), Found("Flask", "main:create_app()"),
          Found("script", "main.py")]),
        ({"w.py": "from aiohttp import web\na = web.Application()"}, [Found("aiohttp", "w:a")]),
        ({"tool.py": SCRIPT, "library.py": "x = 1", "bot.py": "x = 1"},
         [Found("script", "bot.py"), Found("script", "tool.py")]),
        ({"broken.py": "def", "setup.py": SCRIPT, "test_x.py": SCRIPT, "my-app.py": FASTAPI,
          "env/pyvenv.cfg": "", "env/main.py": FASTAPI, ".hidden/main.py": FASTAPI,
          "node_modules/main.py": FASTAPI, "a/b/c/d/main.py": FASTAPI}, []),
    ],
)  # fmt: skip
def test_what_a_folder_holds(files: dict[str, str], expected: list[Found], folder: Path) -> None:
    fill(folder, files)
    assert detect(str(folder)) == expected


def test_nothing_is_asked_without_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Failed, match="no application and no script"):
        command.init()
    fill(folder, {"src/shop/api.py": FASTAPI, ".env": "A=1\n", "ecosystem.json": "[]"})
    assert command.init() == 0
    (spec,) = read("ecosystem.toml", this_caller())
    assert (spec.name, spec.script, spec.cwd) == ("my-shop", "shop.api:app", f"{folder}/src")
    assert (spec.args, spec.env["A"]) == (("--port", "8000"), "1")
    assert "not ecosystem.json" in capsys.readouterr().err


def test_what_is_there_is_kept_unless_forced(folder: Path) -> None:
    fill(folder, {"tool.py": SCRIPT, "ecosystem.toml": "# mine\n"})
    with pytest.raises(Failed, match="is there already"):
        command.init()
    with pytest.raises(Failed, match="could not be started so") as caught:
        command.init("gone.py", force=True)
    assert "there is no file" in caught.value.lines[0]
    assert (folder / "ecosystem.toml").read_text() == "# mine\n"
    command.init("tool.py", force=True)
    (spec,) = read("ecosystem.toml", this_caller())
    assert (spec.script, spec.instances) == (f"{folder}/tool.py", 1)
    assert sorted(path.name for path in folder.iterdir()) == ["ecosystem.toml", "tool.py"]


def test_what_is_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder, {"main.py": FASTAPI, "tool.py": SCRIPT})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    def answers(*words: str) -> None:
        left = list(words)
        monkeypatch.setattr("builtins.input", lambda _: left.pop(0))

    answers("1", "web", "", "8080")
    command.init()
    (spec,) = read("ecosystem.toml", this_caller())
    assert (spec.name, spec.args) == ("web", ("--port", "8080"))
    assert "  1  FastAPI: main:app\n  2  script: main.py\n" in capsys.readouterr().out
    answers("3", "", "2")
    command.init(force=True)
    (spec,) = read("ecosystem.toml", this_caller())
    assert (spec.name, spec.script, spec.instances) == ("my-shop", f"{folder}/tool.py", 2)
    answers("4")
    with pytest.raises(UsageError, match="there is no number 4"):
        command.init(force=True)


@pytest.mark.parametrize(("text", "name"), [("all", "app"), ("..", "app"), ("a/b c$", "a-b-c")])
def test_names(text: str, name: str) -> None:
    assert command.app_name(text) == name
