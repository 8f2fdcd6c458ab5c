"""Ecosystem files: what they give, and all that is wrong with them at once."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from cli.ecosystem.apps import names, read
from cli.ecosystem.dotenv import parse
from cli.ecosystem.file import Choice
from cli.ecosystem.formats import DEFAULT_NAMES, default_file, is_ecosystem
from cli.target import Caller
from pm.errors import ConfigError, UsageError
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


def test_a_byte_order_mark_is_none_of_the_text(folder: Path, caller: Caller) -> None:
    (folder / "conf" / ".env").write_text("\ufeffLEVEL=high\n")
    text = '\ufeff[[apps]]\nscript = "web.py"\nenv_file = ".env"\n'
    (spec,) = read(written(folder, text), caller)
    assert spec.env["LEVEL"] == "high"


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
        default = { cwd = "." }
        deploy = 3
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
        env = { A = [1], "B=" = 1, C = "${NOPE}" }
        kill_timeout = "soon"
        [[apps]]
        name = "files"
        script = "nowhere.py"
        env_file = ["no.env", "none.env"]
        """,
    )
    with pytest.raises(ConfigError, match=r"ecosystem\.toml is wrong in 19 places") as caught:
        read(path, caller)
    told = "\n".join(caught.value.lines)
    assert "unknown key `default`; did you mean `defaults`?" in told
    assert "deploy: 3 is not a table" in told
    assert "[[apps]] 4 (both): env: 'B=' cannot name a variable" in told
    assert "[[apps]] 4 (both): env: C: ${NOPE} is not set" in told
    assert f"[[apps]] 5 (files): env_file: {folder}/conf/no.env" in told
    assert f"[[apps]] 5 (files): env_file: {folder}/conf/none.env" in told
    assert "[[apps]] 5 (files): there is no file" in told
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
    assert "[[apps]] 4 (both): env: A: [1] is not text, a number, true or false" in told
    assert "[[apps]] 4 (both): kill_timeout: 'soon' is not a duration" in told


def test_a_file_that_is_wrong_elsewhere_still_names_its_apps(folder: Path) -> None:
    path = written(folder, 'apss = 1\ndeploy = 3\n[[apps]]\nname = "web"\n')
    assert names(path) == ("web",)


def test_workers_of_pm2s_files_know_their_number_as_there(folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text(
        '[{"name": "a", "script": "web.py", "instances": 2},'
        '{"name": "b", "script": "web.py", "instances": 2, "instance_var": "NR"}]'
    )
    assert [spec.instance_var for spec in read(str(path), caller)] == ["NODE_APP_INSTANCE", "NR"]
    (spec,) = read(written(folder, '[[apps]]\nscript = "web.py"\ninstances = 2\n'), caller)
    assert spec.instance_var == ""


_MODE = "`exec_mode` changes nothing: server.js is no Python program, so it runs without a cluster"
_COUNT = "`instances` makes no cluster: server.js is no Python program"
_CHOICES = (
    "; its 3 processes cannot bind the same port (EADDRINUSE): write `instances: 1`; or"
    ' `listen: ["0.0.0.0:PORT"]`, and let it listen on fd 3, which pm gives it (LISTEN_FDS; in'
    " Node `server.listen({fd: 3})`)"
)


@pytest.mark.parametrize(
    ("keys", "note"),
    [
        ({"exec_mode": "cluster"}, _MODE),
        ({"exec_mode": "cluster_mode", "instances": 3}, _MODE + _CHOICES.replace("PORT", "8000")),
        ({"instances": 3, "env": {"PORT": 80}}, _COUNT + _CHOICES.replace("PORT", "80")),
        ({"exec_mode": "cluster", "instances": 3, "listen": ["127.0.0.1:80"]}, _MODE),
        ({"exec_mode": "cluster", "instances": 3, "increment_var": "PORT"}, _MODE),
        ({"exec_mode": "fork", "instances": 3}, ""),
        ({"instances": 1}, ""),
        ({"script": "web.py", "exec_mode": "cluster", "instances": 3}, ""),
    ],
)
def test_a_cluster_of_what_is_no_python_is_said(
    keys: dict[str, object],
    note: str,
    folder: Path,
    caller: Caller,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "conf" / "server.js").write_text("")
    (folder / "bin" / "node").symlink_to("/bin/sh")
    path = folder / "conf" / "apps.json"
    path.write_text(json.dumps({"name": "api", "script": "server.js", **keys}))
    (spec,) = read(str(path), caller)
    assert (spec.exec_mode is Mode.FORK) == ("script" not in keys)
    assert capsys.readouterr().err == (f"note: app 1 (api): {note}\n" if note else "")


@pytest.mark.parametrize(
    ("script", "told"), [("server.js", True), ("web.py", False)], ids=("node", "python")
)
def test_a_program_for_node_that_counts_on_its_channel(
    script: str, told: bool, folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "conf" / "server.js").write_text("")
    (folder / "bin" / "node").symlink_to("/bin/sh")
    path = folder / "conf" / "apps.json"
    keys = {"wait_ready": True, "shutdown_with_message": True}
    path.write_text(json.dumps({"name": "api", "script": script, **keys}))
    (spec,) = read(str(path), caller)
    assert spec.wait_ready is spec.shutdown_with_message is not told
    note = "note: app 1 (api): `wait_ready` and `shutdown_with_message` change nothing: "
    assert (note in capsys.readouterr().err) == told


def test_pm2s_static_files_are_refused_by_name(folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text('{"apps": [{"script": "serve"}], "static": [{"path": "."}]}')
    with pytest.raises(ConfigError) as caught:
        read(str(path), caller)
    assert [line.count("python3 -m http.server") for line in caught.value.lines] == [1, 1]


@pytest.mark.parametrize(
    ("value", "path"), [("true", "H/logs/web.log"), ("false", ""), ('"x.log"', "C/x.log")]
)
def test_a_log_of_both_may_be_named_after_the_app(
    value: str, path: str, folder: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PM_HOME", "/H")
    (spec,) = read(written(folder, f'[[apps]]\nscript = "web.py"\nlog_file = {value}\n'), caller)
    assert spec.log_file == path.replace("H", "/H").replace("C", f"{folder}/conf")


def test_our_own_files_are_told_in_toml(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    read(written(folder, '[[apps]]\nscript = "/bin/ls"\ninstances = 2\n'), caller)
    assert capsys.readouterr().err == ""
    text = '[[apps]]\nscript = "/bin/ls"\nexec_mode = "cluster"\ninstances = 2\n'
    read(written(folder, text), caller)
    assert 'write `instances = 1`; or `listen = ["0.0.0.0:8000"]`' in capsys.readouterr().err


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
        ("[app]\nname='x'", r"there is no \[\[apps\]\] table"),
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
    (spec,) = read(str(path), caller, Choice(environment="production"))
    assert spec.exec_mode is Mode.FORK
    assert (spec.kill_timeout, spec.min_uptime) == (1.6, 2.0)
    assert spec.interpreter_args == ("-O",)
    assert spec.out_file == f"{folder}/conf/out.log"
    assert {k: spec.env[k] for k in ("A", "B", "PORT")} == {
        "A": "2",
        "B": "${HOME}",
        "PORT": "8000",
    }
    note = "note: app 1 (web): `treekill` changes nothing: a worker's whole process group is ended"
    assert note in capsys.readouterr().err


COMMENTED = """{ // of "PM2"
  "script": "web.py", /* and "args":
  */ "env": {"URL": "http://x/*,]*/",}, // "}
}"""


@pytest.mark.parametrize("text", ['[{"script": "web.py"}]', '{"script": "web.py"}', COMMENTED])
def test_one_app_or_a_list_of_apps(text: str, folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text(text)
    (spec,) = read(str(path), caller)
    assert (spec.name, spec.env.get("URL", "")) == ("web", "http://x/*,]*/" * (text == COMMENTED))


def test_a_fault_in_json_is_told_with_its_line(folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text('{ // x\n"apps": [{"script": node.js}]}')
    with pytest.raises(ConfigError, match="Expecting value: line 2 column 21") as caught:
        read(str(path), caller)
    assert ".config.js" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("[[apps]]\nscript = 'conf/web.py'\nkill_timeout = 5", 5),
        ('[{"script": "conf/web.py", "killTimeout": 5000}]', 5),
        ('{"pm2": [{"script": "conf/web.py", "kill_timeout": "5000"}]}', 5),
        ("apps:\n- script: conf/web.py\n  kill_timeout: 5000", 5),
    ],
)
def test_standard_input_may_be_of_any_format(
    text: str, seconds: float, folder: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    here = caller.__class__(str(folder), caller.env, caller.umask, caller.cpus)
    (spec,) = read("-", here)
    assert (spec.script, spec.kill_timeout) == (f"{folder}/conf/web.py", seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[apps]]\nscript = web.py", "no TOML: .*line 2"),
        ("apps: [", "no YAML: while parsing"),
        ("{apps: 1}", "standard input: Expecting property name"),
        ("hello", "no YAML: there is no list of apps"),
    ],
)
def test_standard_input_that_is_no_file(
    text: str, message: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(ConfigError) as caught:
        read("-", caller)
    assert re.search(message, "\n".join([caught.value.message, *caught.value.lines]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("web.py", "web.py is no file of apps"),
        ("apps.mjs", r"modules \(.mjs\) are not read"),
        ("none.toml", "none.toml: No such file or directory"),
    ],
)
def test_what_cannot_be_read_as_a_file(name: str, said: str, folder: Path, caller: Caller) -> None:
    with pytest.raises(ConfigError, match=said):
        read(str(folder / "conf" / name), caller)


def test_what_a_command_without_a_file_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"looked for ecosystem\.toml, ecosystem\.config"):
        default_file()
    (tmp_path / "ecosystem.config.js").touch()
    with pytest.raises(UsageError, match="is run only if it is named") as caught:
        default_file()
    assert caught.value.hint == "`pm start ecosystem.config.js`"
    for name in reversed([name for name in DEFAULT_NAMES if "js" not in name[-4:]]):
        (tmp_path / name).touch()
        assert default_file() == name
    assert capsys.readouterr().err.startswith("note: pm2.yml is read, ecosystem.config.js not\n")


def test_an_environment_of_pm2_may_stand_in_deploy_alone(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "conf" / "pm2.json"
    app = {"script": "web.py", "env": {"A": "env", "B": "env"}, "env_test": {"B": "test"}}
    deploy = {"production": {"env": {"A": "deploy"}}, "test": {"env": {"B": "deploy"}}}
    path.write_text(json.dumps({"apps": [app], "deploy": deploy}))
    for name, found in (("production", ("deploy", "env")), ("test", ("env", "test"))):
        (spec,) = read(str(path), caller, Choice(environment=name))
        assert (spec.env["A"], spec.env["B"]) == found
    told = "note: --env production: no app has env_production; there are: test\n"
    assert capsys.readouterr().err == told


def test_keys_of_pm2_in_camel_case_and_values_as_text(folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "pm2.json"
    app = {
        "script": "web.py", "maxRestarts": "3", "execInterpreter": "python3", "mergeLogs": True,
        "autorestart": "false", "stopExitCodes": ["0", 3], "interpreterArgs": "-O",
        "filterEnv": ["SECRET"], "env": {"A": None, "B": {"c": [1]}, "dC": 1},
    }  # fmt: skip
    path.write_text(json.dumps({"apps": [app]}))
    caller.env["TOP_SECRET_KEY"] = "x"  # type: ignore[index]  # a plain dict
    (spec,) = read(str(path), caller)
    assert (spec.max_restarts, spec.autorestart, spec.stop_exit_codes) == (3, False, (0, 3))
    own = {"PATH": caller.env["PATH"], "A": "1", "B": '{"c": [1]}', "dC": "1"}
    assert (dict(spec.env), spec.interpreter_args) == (own, ("-O",))


def test_only_some_apps_of_a_file(folder: Path, caller: Caller) -> None:
    text = "[[apps]]\nscript = 'web.py'\n[[apps]]\nname = 'gone'\nscript = '${GONE}'\n"
    path = written(folder, text + "[defaults]\nname_prefix = 'x'\n")
    assert [spec.name for spec in read(path, caller, Choice(("x:web",)))] == ["x:web"]
    with pytest.raises(UsageError, match="--only: the file has no app `x:wbe`") as caught:
        read(path, caller, Choice(("x:wbe",)))
    assert caught.value.hint == "did you mean `x:web`?"
    assert names(path) == ("x:web", "x:gone")
    assert names(path, Choice(("x:gone",))) == ("x:gone",)


def test_one_key_under_two_names(folder: Path, caller: Caller) -> None:
    path = written(folder, "[[apps]]\nscript = 'web.py'\nout_file = 'a'\noutput = 'b'\n")
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    told = "[[apps]] 1: output: the same as `out_file`, which is there too"
    assert caught.value.lines == (told,)


def test_faults_of_defaults_are_told_once(folder: Path, caller: Caller) -> None:
    apps = "[[apps]]\nscript = 'web.py'\nname = '{}'\n"
    text = "[defaults]\nname = 'x'\nkil_timeout = 3\n" + apps.format("a") + apps.format("b")
    with pytest.raises(ConfigError) as caught:
        read(written(folder, text), caller)
    assert caught.value.lines == (
        "[defaults]: unknown key `kil_timeout`; did you mean `kill_timeout`?",
        "[defaults]: name: each app has its own; `name_prefix` is for all",
    )


def test_numbers_may_come_from_variables(folder: Path, caller: Caller) -> None:
    path = written(
        folder,
        """
        [[apps]]
        script = "web.py"
        instances = "${A}"
        max_restarts = "${NONE:-7}"
        autorestart = "${NONE:-false}"
        """,
    )
    (spec,) = read(path, caller)
    assert (spec.instances, spec.max_restarts, spec.autorestart) == (1, 7, False)


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
    node.write_text("#!/bin/sh\necho '/a/x.js:7\n  SyntaxError: bad\n  at y' >&2; exit 1\n")
    with pytest.raises(ConfigError, match=r"node: SyntaxError: bad \(line 7\)"):
        read(str(path), caller)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ConfigError, match="there is no node"):
        read(str(path), caller)


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
    (spec,) = read(path, caller, Choice(environment="stage"))
    assert spec.args == ("1", "$", "x")
    names = ("TOKEN", "LEVEL", "A", "B")
    assert [spec.env[name] for name in names] == ["a b", "debug", "12", ""]
    assert set(spec.env_set) == set(names)
    assert spec.kill_timeout == 3
    with pytest.raises(ConfigError) as caught:
        read(path, caller, Choice(environment="stag"))
    assert caught.value.lines == ("--env stag: no app has env_stag; did you mean `stage`?",)


def test_a_variable_that_is_missing_is_named(folder: Path, caller: Caller) -> None:
    path = written(folder, '[[apps]]\nscript = "web.py"\nargs = "${NOWHERE}"\n')
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    assert caught.value.lines[0].startswith("[[apps]] 1: args: ${NOWHERE} is not set; export it")


def test_a_file_of_variables_that_is_not_there(folder: Path, caller: Caller) -> None:
    path = written(folder, '[[apps]]\nscript = "web.py"\nenv_file = ".env"\n')
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    gone = f"[[apps]] 1: env_file: {folder}/conf/.env: No such file or directory"
    assert caught.value.lines == (gone,)


@pytest.mark.parametrize("text", ["A", "A=1\n=2", "A='1"])
def test_lines_that_are_no_variables(text: str) -> None:
    with pytest.raises(ConfigError, match=r"env_file: f:[12]: not NAME=value"):
        parse(text, "f")


def test_quotes_in_files_of_variables() -> None:
    text = 'A="x\\n\\"y\\""\nB=a # b\nC=a#b\nD=\nE=\'1\n2\'\n  F = g h \n'
    found = {"A": 'x\n"y"', "B": "a", "C": "a#b", "D": "", "E": "1\n2", "F": "g h"}
    assert parse(text, "f") == found


def test_what_is_no_ecosystem_file(tmp_path: Path) -> None:
    assert not is_ecosystem("web.py")
    assert not is_ecosystem(str(tmp_path / "missing.toml"))


def test_milliseconds_in_a_file_are_doubted(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec,) = read(written(folder, '[[apps]]\nscript = "web.py"\nkill_timeout = 1600\n'), caller)
    assert spec.kill_timeout == 1600.0
    assert "warning: 1600 seconds? PM2's" in capsys.readouterr().err


def test_what_pm_does_of_its_own_accord(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(
        folder,
        '[[apps]]\nscript = "web.py"\nwatch = ["src", "*.toml"]\nignore_watch = "data"\n'
        'watch_delay = "1s"\ncron = "@daily"\ntimezone = "Europe/Berlin"\n'
        '[[apps]]\nscript = "web.py"\nname = "two"\nwatch = true\ncron_restart = 0\n',
    )
    one, two = read(path, caller)
    conf = str(folder / "conf")
    assert one.watch == (f"{conf}/src", f"{conf}/*.toml")
    assert (one.ignore_watch, one.watch_delay) == (("data",), 1.0)
    assert (one.cron, one.cron_restart, one.timezone) == ("@daily", "", "Europe/Berlin")
    assert (two.watch, two.cron_restart) == ((conf,), "")
    assert f"watch: {conf}/src is not there yet" in capsys.readouterr().err


def test_pm2s_options_of_its_watcher(
    folder: Path, caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        "ignored": ["data"], "usePolling": True, "interval": 2000, "followSymlinks": False,
        "depth": 3, "persistent": True, "awaitWriteFinish": {"stabilityThreshold": 500},
    }  # fmt: skip
    table = {"script": "web.py", "watch": True, "watch_options": options, "cron": "0 3 * * *"}
    (folder / "conf" / "pm2.json").write_text(json.dumps({"apps": [table]}))
    (spec,) = read(str(folder / "conf" / "pm2.json"), caller)
    assert (spec.ignore_watch, spec.watch_polling, spec.watch_delay) == (("data",), 2.0, 0.5)
    assert (spec.cron, spec.cron_restart) == ("", "0 3 * * *"), "PM2's cron is a restart"
    assert "watch_options.depth" in capsys.readouterr().err


def test_faults_of_watch_and_cron(folder: Path, caller: Caller) -> None:
    path = written(
        folder,
        '[[apps]]\nscript = "web.py"\nwatch = 3\ncron_restart = "61 * * * *"\n'
        'timezone = "Mars"\nwatch_options = { ignord = "x" }\n',
    )
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    assert [line.split(":")[1].strip() for line in caught.value.lines] == [
        "watch", "cron_restart", "timezone", "watch_options",
    ]  # fmt: skip
    assert "did you mean `ignored`" in caught.value.lines[3]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('args = ["a\\u0000b"]', "args: 'a\\x00b' has a character that no process can be given"),
        ('env = { A = "\\u0000" }', "env: A: '\\x00' has a character that no process can be given"),
        ('env = { "A=B" = "1" }', "env: 'A=B' cannot name a variable"),
        ('instance_var = "A=B"', "instance_var: 'A=B' cannot name a variable"),
        ('out_file = ""', "out_file: {folder} is a folder; name a file in it"),
        ('host = "0.0.0.0"', "host: web.py is no `module:app`; it is told by `args` or `env`"),
        ("port = 80", "port: web.py is no `module:app`; it is told by `args` or `env`"),
        ("log_rotate = { max = 3 }", "log_rotate: no option `max`; max_size, keep, compress"),
        ("log_rotate = { kep = 3 }", "log_rotate: no option `kep`; did you mean `keep`?"),
        ("port = 65536", "port: 65536 is not a port; 0 to 65535"),
        ("ports = [-1]", "ports: -1 is not a port; 0 to 65535"),
        (f"kill_timeout = {10**400}", f"kill_timeout: {10**79}... is not a duration"),
        ("kill_timeout = nan", "kill_timeout: nan is not from 0 to 999999 seconds"),
        (f'max_restarts = "{"9" * 5000}"', f"max_restarts: '{'9' * 79}... is not a whole number"),
    ],
    ids=range(14),
)
def test_what_no_process_can_have(line: str, fault: str, folder: Path, caller: Caller) -> None:
    path = written(folder, f'[[apps]]\nscript = "web.py"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        read(path, caller)
    said = fault.replace("{folder}", f"{folder}/conf")
    assert caught.value.lines == (f"[[apps]] 1: {said}",)


def test_a_module_without_a_name(folder: Path, caller: Caller) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written(folder, '[[apps]]\nmodule = ""\n'), caller)
    assert caught.value.lines == (
        "[[apps]] 1: module: missing; give the file, module or command to run",
    )


def test_what_is_wrong_besides_a_missing_script_is_told_too(folder: Path, caller: Caller) -> None:
    text = '[[apps]]\nscritp = "web.py"\nenv_file = "no.env"\nuser = "nosuchuser"\n'
    with pytest.raises(ConfigError) as caught:
        read(written(folder, text), caller)
    assert [line.split(": ")[1].split()[0] for line in caught.value.lines] == [
        "unknown", "env_file", "user", "give",
    ]  # fmt: skip


def test_texts_of_json_that_are_none(folder: Path, caller: Caller) -> None:
    path = folder / "conf" / "apps.json"
    path.write_text('{"script": "web.py", "args": ["\\ud800"]}')
    with pytest.raises(ConfigError) as caught:
        read(str(path), caller)
    assert "has a character that no process can be given" in caught.value.lines[0]
