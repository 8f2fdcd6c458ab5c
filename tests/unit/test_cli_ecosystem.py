"""Ecosystem files: what they give, and all that is wrong with them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.ecosystem import is_ecosystem, read
from cli.target import Caller
from pm.errors import ConfigError
from pm.model import Mode, Target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a script and a Python, to be read from elsewhere."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to("/bin/sh")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "web.py").write_text("")
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


@pytest.fixture
def caller(folder: Path) -> Caller:
    """Somebody in another folder."""
    return Caller(str(folder / "elsewhere"), {"PATH": str(folder / "bin"), "A": "1"}, 0o022, 4)


def written(folder: Path, text: str) -> str:
    """Write the file and return its path."""
    path = folder / "conf" / "ecosystem.toml"
    path.write_text(text)
    return str(path)


def test_an_app_with_everything(folder: Path, caller: Caller) -> None:
    path = written(
        folder,
        """
        [[apps]]
        name = "web"
        script = "web.py"
        args = "--port 80 'a b'"
        instances = "max"
        env = { PORT = 8000, DEBUG = true }
        preload = ["json"]
        kill_timeout = "500ms"
        min_uptime = 2
        log_max_size = "2M"
        out_file = "logs/out.log"
        error_file = "NULL"
        interpreter_args = ["-O"]
        stop_exit_codes = [0, 3]
        stop_signal = "int"

        [[apps]]
        module = "http.server"
        exec_mode = "fork_mode"
        instances = -1
        autorestart = false
        """,
    )
    web, server = read(path, caller)
    assert (web.script, web.cwd) == (f"{folder}/conf/web.py", f"{folder}/conf")
    assert web.args == ("--port", "80", "a b")
    assert (web.instances, web.preload, web.interpreter_args) == (4, ("json",), ("-O",))
    assert web.env == {**caller.env, "PORT": "8000", "DEBUG": "true"}
    assert web.env_set == ("PORT", "DEBUG")
    assert (web.kill_timeout, web.min_uptime, web.log_max_size) == (0.5, 2.0, 2 << 20)
    assert (web.out_file, web.error_file) == (f"{folder}/conf/logs/out.log", "/dev/null")
    assert web.stop_exit_codes == (0, 3)
    assert web.stop_signal == "SIGINT"
    assert (server.name, server.target) == ("http.server", Target.MODULE)
    assert (server.exec_mode, server.instances, server.autorestart) == (Mode.FORK, 3, False)


def test_every_fault_is_told_at_once(folder: Path, caller: Caller) -> None:
    path = written(
        folder,
        """
        [[apps]]
        name = "web"
        script = "web.py"
        instnces = 2
        max_restarts = "many"
        stop_signal = "FOO"
        [[apps]]
        script = "nowhere.py"
        min_uptime = -2
        cwd = "."
        [[apps]]
        name = "all"
        script = "web.py"
        cwd = "nowhere"
        max_restarts = -1
        [[apps]]
        name = "both"
        script = "web.py"
        module = "web"
        instances = 1.5
        env = { A = [1] }
        kill_timeout = "soon"
        """,
    )
    with pytest.raises(ConfigError, match=r"ecosystem\.toml is wrong in 12 places") as caught:
        read(path, caller)
    told = "\n".join(caught.value.lines)
    assert "[[apps]] 1 (web): unknown key `instnces`; did you mean `instances`?" in told
    assert "[[apps]] 1 (web): max_restarts: 'many' is not a whole number" in told
    assert "[[apps]] 1 (web): 'FOO' is no signal" in told
    assert "[[apps]] 2: there is no file" in told
    assert "[[apps]] 2: min_uptime: -2.0 is not from 0 to 999999 seconds" in told
    assert "[[apps]] 3 (all): name: 'all' cannot name an app" in told
    assert f"[[apps]] 3 (all): cwd: {folder}/conf/nowhere is no folder" in told
    assert "[[apps]] 3 (all): max_restarts: -1 is not from 0 up" in told
    assert "[[apps]] 4 (both): give one of `script` and `module`" in told
    assert "[[apps]] 4 (both): instances: 1.5 is neither a whole number nor 'max'" in told
    assert "[[apps]] 4 (both): env.A: [1] is not text" in told
    assert "[[apps]] 4 (both): kill_timeout: 'soon' is not a duration" in told


def test_two_apps_of_one_name(folder: Path, caller: Caller) -> None:
    path = written(folder, '[[apps]]\nscript = "web.py"\n' * 2)
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    assert caught.value.lines == ("name: two apps are named 'web'",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apps = 3", r"there is no \[\[apps\]\] table"),
        ("", r"there is no \[\[apps\]\] table"),
        ("[app]\nname='x'", "unknown key `app`"),
        ("[[apps]", "ecosystem.toml: "),
    ],
)
def test_files_that_hold_no_apps(text: str, message: str, folder: Path, caller: Caller) -> None:
    with pytest.raises(ConfigError, match=message):
        read(written(folder, text), caller)


def test_other_formats_come_later(tmp_path: Path, caller: Caller) -> None:
    (tmp_path / "apps.json").write_text("{}")
    assert is_ecosystem(str(tmp_path / "apps.json"))
    with pytest.raises(ConfigError, match="only TOML files are read yet"):
        read(str(tmp_path / "apps.json"), caller)


def test_what_is_no_ecosystem_file(tmp_path: Path) -> None:
    assert not is_ecosystem("web.py")
    assert not is_ecosystem(str(tmp_path / "missing.toml"))


def test_milliseconds_in_a_file_are_doubted(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec,) = read(written(folder, '[[apps]]\nscript = "web.py"\nkill_timeout = 1600\n'), caller)
    assert spec.kill_timeout == 1600.0
    assert "warning: 1600 seconds? PM2's" in capsys.readouterr().err
