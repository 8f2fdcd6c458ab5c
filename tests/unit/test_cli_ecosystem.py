"""Ecosystem files: what they give, and all that is wrong with them at once."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from cli.ecosystem.apps import read
from cli.ecosystem.dotenv import parse
from cli.ecosystem.formats import is_ecosystem
from cli.ecosystem.keys import KEYS, LATER
from cli.ecosystem.schema import schema
from cli.target import Caller
from pm.errors import ConfigError
from pm.model import AppSpec, Mode, Target
from pm.record import fields_of


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
    assert "[[apps]] 1 (web): stop_signal: 'FOO' is no signal" in told
    assert "[[apps]] 2: there is no file" in told
    assert "[[apps]] 2: min_uptime: -2.0 is not from 0 to 999999 seconds" in told
    assert "[[apps]] 3 (all): name: 'all' cannot name an app" in told
    assert f"[[apps]] 3 (all): cwd: {folder}/conf/nowhere is no folder" in told
    assert "[[apps]] 3 (all): max_restarts: -1 is not from 0 up" in told
    assert "[[apps]] 4 (both): give one of `script` and `module`" in told
    assert "[[apps]] 4 (both): instances: 1.5 is not a whole number or 'max'" in told
    assert "[[apps]] 4 (both): env: A: [1] is not text" in told
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


PM2S = {
    "$schema": "https://example.org/schema.json",
    "apps": [
        {
            "name": "web", "cmd": "web.py", "exec_mode": "fork_mode", "kill_timeout": 1600,
            "min_uptime": "2s", "out": "out.log", "node_args": ["-O"], "port": 8000,
            "env": {"A": 1, "B": "${HOME}"}, "env_production": {"A": 2}, "treekill": True,
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("ending", [".json", ".config.json", ".yaml", ".yml"])
def test_a_file_of_pm2_means_what_it_means_there(
    ending: str, folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "conf" / f"apps{ending}"
    path.write_text(json.dumps(PM2S))  # which is YAML, too
    assert is_ecosystem(str(path))
    (spec,) = read(str(path), caller, environment="production")
    assert spec.exec_mode is Mode.FORK
    assert (spec.kill_timeout, spec.min_uptime) == (1.6, 2.0)
    assert spec.interpreter_args == ("-O",)
    assert spec.out_file == f"{folder}/conf/out.log"
    assert {k: spec.env[k] for k in ("A", "B", "PORT")} == {
        "A": "2",
        "B": "${HOME}",
        "PORT": "8000",
    }
    assert "warning: web: treekill changes nothing: " in capsys.readouterr().err


@pytest.mark.parametrize("text", ['[{"script": "web.py"}]', '{"script": "web.py"}'])
def test_one_app_or_a_list_of_apps(text: str, folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text(text)
    assert [spec.name for spec in read(str(path), caller)] == ["web"]


def test_a_program_for_node_is_run_by_node(
    folder: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "conf" / "ecosystem.config.js"
    path.write_text("module.exports = {apps: [{script: 'web.py', name: 'w' + 1}]}")
    node = folder / "bin" / "node"
    node.write_text(
        f"""#!/bin/sh\n[ "$3" = "{path}" ] && echo '{{"apps": [{{"script": "web.py"}}]}}'\n"""
    )
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/bin:/usr/bin")
    assert [spec.name for spec in read(str(path), caller)] == ["web"]
    node.write_text("#!/bin/sh\necho 'x\n  SyntaxError: bad\n  at y' >&2; exit 1\n")
    with pytest.raises(ConfigError, match="node: SyntaxError: bad"):
        read(str(path), caller)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ConfigError, match="there is no node"):
        read(str(path), caller)


def test_a_key_that_is_not_built_is_refused(folder: Path, caller: Caller) -> None:
    path = written(folder, '[[apps]]\nscript = "web.py"\nwatch = true\n')
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    assert caught.value.lines == ("[[apps]] 1: watch: not built yet; leave it out",)


def test_defaults_and_variables(folder: Path, caller: Caller) -> None:
    (folder / "conf" / "secrets.env").write_text("TOKEN='a b'  # kept\nexport A=3\n\n# no\n")
    path = written(
        folder,
        """
        [defaults]
        env_file = "secrets.env"
        env = { LEVEL = "info", A = "${A}2" }
        kill_timeout = 3
        [[apps]]
        script = "web.py"
        args = ["${A}", "$$", "${MISSING:-x}"]
        env = { B = "${MISSING:-}" }
        env_stage = { LEVEL = "debug" }
        """,
    )
    (spec,) = read(path, caller, environment="stage")
    assert spec.args == ("1", "$", "x")
    names = ("TOKEN", "LEVEL", "A", "B")
    assert [spec.env[name] for name in names] == ["a b", "debug", "12", ""]
    assert set(spec.env_set) == set(names)
    assert spec.kill_timeout == 3
    with pytest.raises(ConfigError) as caught:
        read(path, caller, environment="stag")
    assert caught.value.lines == ("--env stag: no app has env_stag; there is: ['stage']",)


def test_a_variable_that_is_missing_is_named(folder: Path, caller: Caller) -> None:
    path = written(folder, '[[apps]]\nscript = "web.py"\nargs = "${NOWHERE}"\n')
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    assert caught.value.lines[0].startswith("[[apps]] 1: args: ${NOWHERE} is not set; export it")


@pytest.mark.parametrize("text", ["A", "A=1\n=2", "A='1"])
def test_lines_that_are_no_variables(text: str) -> None:
    with pytest.raises(ConfigError, match=r"env_file: f:[12]: not NAME=value"):
        parse(text, "f")


def test_quotes_in_files_of_variables() -> None:
    text = 'A="x\\n\\"y\\""\nB=a # b\nC=a#b\nD=\nE=\'1\n2\'\n  F = g h \n'
    found = {"A": 'x\n"y"', "B": "a", "C": "a#b", "D": "", "E": "1\n2", "F": "g h"}
    assert parse(text, "f") == found


def test_the_schema_knows_what_is_read() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    validator.validate(PM2S)
    assert not validator.is_valid({"apps": [{"script": "web.py", "instnces": 2}]})
    assert not validator.is_valid({"apps": [{"script": "web.py", "autorestart": "yes"}]})


def test_every_field_of_a_spec_has_a_key() -> None:
    internal = {"target", "env_set"}
    assert (fields_of(AppSpec) or {}).keys() - KEYS.keys() - LATER <= internal


def test_what_is_no_ecosystem_file(tmp_path: Path) -> None:
    assert not is_ecosystem("web.py")
    assert not is_ecosystem(str(tmp_path / "missing.toml"))


def test_milliseconds_in_a_file_are_doubted(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec,) = read(written(folder, '[[apps]]\nscript = "web.py"\nkill_timeout = 1600\n'), caller)
    assert spec.kill_timeout == 1600.0
    assert "warning: 1600 seconds? PM2's" in capsys.readouterr().err
