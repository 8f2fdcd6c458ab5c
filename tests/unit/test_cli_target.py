"""What `pm start X` means, told by a table over a made-up home."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cli.target import Caller, Wish, count_instances, resolve, this_caller
from pm.errors import Failed, PmError, UsageError
from pm.model import AppSpec, Mode, Target


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A project folder beside a `bin` in PATH with a Python, a console script and a tool."""
    binary = tmp_path / "bin"
    binary.mkdir()
    (binary / "python3").symlink_to(os.path.realpath("/bin/sh"))
    (binary / "python3.12").symlink_to(os.path.realpath("/bin/sh"))
    executable(binary / "serve", f"#!{binary}/python3.12 -I\nimport serve\n")
    executable(binary / "loose", "#!/usr/bin/env python3\n")
    executable(
        binary / "longpath", f"#!/bin/sh\n'''exec' {binary}/python3.12 \"$0\" \"$@\"\n' '''\n"
    )
    executable(binary / "tool")
    executable(binary / "node")
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text("")
    (project / "app.js").write_text("")
    (project / "plain.txt").write_text("")
    (project / "package").mkdir()
    (project / "package" / "__main__.py").write_text("")
    (project / "data").mkdir()
    with zipfile.ZipFile(project / "packed.zip", "w") as packed:
        packed.writestr("__main__.py", "")
    return project


@pytest.fixture
def caller(here: Path) -> Caller:
    """Somebody in the project folder."""
    return Caller(str(here), {"PATH": str(here.parent / "bin"), "LANG": "C"}, 0o027, 8)


Shown = tuple[str, str, str, tuple[str, ...], str]


def shown(spec: AppSpec, here: Path) -> Shown:
    """Return target, name, script, arguments and Python, with short paths."""

    def short(path: str) -> str:
        return path.replace(f"{here}/", "").replace(f"{here.parent}/bin/", "bin:")

    args = tuple(map(short, spec.args))
    return spec.target.value, spec.name, short(spec.script), args, short(spec.interpreter)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("app.py", ("script", "app", "app.py", (), "bin:python3")),
        ("./app.py", ("script", "app", "app.py", (), "bin:python3")),
        ("package", ("script", "package", "package", (), "bin:python3")),
        ("packed.zip", ("script", "packed", "packed.zip", (), "bin:python3")),
        ("serve", ("script", "serve", "bin:serve", (), "bin:python3.12")),
        ("../bin/serve", ("script", "serve", "bin:serve", (), "bin:python3.12")),
        ("loose", ("script", "loose", "bin:loose", (), "bin:python3")),
        ("longpath", ("script", "longpath", "bin:longpath", (), "bin:python3.12")),
        ("serve web:app --port 1", ("script", "serve", "bin:serve", ("web:app", "--port", "1"),
                                    "bin:python3.12")),
        ("tool", ("command", "tool", "bin:tool", (), "")),
        ("tool 'a b' c", ("command", "tool", "bin:tool", ("a b", "c"), "")),
        ("app.js", ("command", "app", "bin:node", ("app.js",), "")),
        ("tool | tool > x", ("command", "tool", "/bin/sh", ("-c", "tool | tool > x"), "")),
        ("tool && tool", ("command", "tool", "/bin/sh", ("-c", "tool && tool"), "")),
        ("A=1 tool", ("command", "tool", "/bin/sh", ("-c", "A=1 tool"), "")),
        ("python3 app.py 80", ("script", "app", "app.py", ("80",), "bin:python3")),
        ("python3.12 -m web.main x", ("module", "web.main", "web.main", ("x",), "bin:python3.12")),
        ("python3 -c pass", ("command", "python3", "bin:python3", ("-c", "pass"), "")),
    ],
)  # fmt: skip
def test_words(word: str, expected: Shown, here: Path, caller: Caller) -> None:
    spec = resolve(Wish(word), caller)
    assert shown(spec, here) == expected
    fork = spec.target is Target.COMMAND
    assert spec.exec_mode is (Mode.FORK if fork else Mode.CLUSTER)


@pytest.mark.parametrize("line", ["tool start", "tool > x"])
def test_a_shell_that_is_named_runs_a_line(line: str, here: Path, caller: Caller) -> None:
    spec = resolve(Wish(line, interpreter="/bin/bash", args=("x",)), caller)
    assert shown(spec, here) == ("command", "tool", "/bin/bash", ("-c", line, "x"), "")
    (here / "my run.sh").write_text("")
    spec = resolve(Wish("my run.sh", interpreter="/bin/bash"), caller)
    assert shown(spec, here) == ("command", "my run", "/bin/bash", ("my run.sh",), "")


def test_options_of_python_are_kept(caller: Caller) -> None:
    assert resolve(Wish("serve"), caller).interpreter_args == ("-I",)
    assert resolve(Wish("python3 -O -X dev -W error app.py"), caller).interpreter_args == (
        "-O", "-X", "dev", "-W", "error",
    )  # fmt: skip


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_who_runs_a_file_is_known_by_its_ending(mode: int, here: Path, caller: Caller) -> None:
    (here / "app.js").chmod(mode)  # without a shebang, the kernel would not run it
    assert shown(resolve(Wish("app.js"), caller), here) == (
        "command", "app", "bin:node", ("app.js",), "",
    )  # fmt: skip
    spec = resolve(Wish("app.js", interpreter_args=("--inspect",), args=("x",)), caller)
    assert shown(spec, here) == ("command", "app", "bin:node", ("--inspect", "app.js", "x"), "")
    assert spec.interpreter_args == ()


def test_a_module(caller: Caller, here: Path) -> None:
    spec = resolve(Wish("web.main", module=True, args=("--port", "1")), caller)
    assert shown(spec, here) == (
        "module", "web.main", "web.main", ("--port", "1"), "bin:python3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "name", "args"),
    [
        (Wish("web:app"), "web", ()),
        (Wish("web:create_app()", port=80), "web", ("--port", "80")),
        (Wish("pro.wsgi:apps.main", args=("x",), host="::", port=0), "pro",
         ("--host", "::", "--port", "0", "x")),
    ],
)  # fmt: skip
def test_an_application(
    wish: Wish, name: str, args: tuple[str, ...], caller: Caller, here: Path
) -> None:
    assert shown(resolve(wish, caller), here) == ("app", name, wish.word, args, "bin:python3")


def test_what_the_spec_takes_from_the_caller(caller: Caller, here: Path) -> None:
    env = {**caller.env, "PM_READY_FD": "3", "PM_THEIRS": "1"}
    spec = resolve(Wish("app.py", env={"PORT": "1"}), replace(caller, env=env))
    assert spec.env == {**caller.env, "PM_THEIRS": "1", "PORT": "1"}
    assert (spec.umask, spec.cwd) == (0o027, str(here))


@pytest.mark.parametrize(
    ("asked", "word", "expected"),
    [
        ("python3.12", "app.py", ("script", "app", "app.py", (), "bin:python3.12")),
        ("../bin/python3.12", "app.py", ("script", "app", "app.py", (), "bin:python3.12")),
        ("python3", "serve", ("script", "serve", "bin:serve", (), "bin:python3")),
        ("none", "../bin/serve", ("command", "serve", "bin:serve", (), "")),
        ("node", "../bin/tool", ("command", "tool", "bin:node", ("bin:tool",), "")),
        ("node", "app.js", ("command", "app", "bin:node", ("app.js",), "")),
    ],
)
def test_the_interpreter_asked_for(
    asked: str, word: str, expected: Shown, here: Path, caller: Caller
) -> None:
    assert shown(resolve(Wish(word, interpreter=asked), caller), here) == expected


def test_venvs_come_before_path(caller: Caller, here: Path) -> None:
    inside = executable(here / ".venv" / "bin" / "python")
    assert resolve(Wish("app.py"), caller).interpreter == str(inside)
    active = executable(here.parent / "active" / "bin" / "python")
    env = {**caller.env, "VIRTUAL_ENV": str(here.parent / "active")}
    assert resolve(Wish("app.py"), replace(caller, env=env)).interpreter == str(active)


def test_a_console_script_keeps_the_python_it_was_installed_for(caller: Caller, here: Path) -> None:
    executable(here / ".venv" / "bin" / "python")
    assert resolve(Wish("serve"), caller).interpreter.endswith("bin/python3.12")


def test_a_console_script_of_the_venv_here_needs_no_path(caller: Caller, here: Path) -> None:
    executable(here / ".venv" / "bin" / "python")
    executable(here / ".venv" / "bin" / "mine", f"#!{here}/.venv/bin/python\n")
    spec = resolve(Wish("mine --fast"), caller)
    assert (spec.script, spec.args) == (f"{here}/.venv/bin/mine", ("--fast",))


def test_a_link_to_a_release_stays_a_link(caller: Caller, here: Path) -> None:
    (here / "current").symlink_to(here / "package")
    spec = resolve(Wish("current/__main__.py", cwd="current"), caller)
    assert (spec.script, spec.cwd) == (f"{here}/current/__main__.py", f"{here}/current")


def test_the_script_is_looked_for_in_cwd_first(caller: Caller, here: Path) -> None:
    (here / "data" / "app.py").write_text("")
    assert resolve(Wish("app.py", cwd="data"), caller).script == f"{here}/data/app.py"
    assert resolve(Wish("app.js", cwd="data"), caller).args == (f"{here}/app.js",)


def test_fork(caller: Caller) -> None:
    spec = resolve(Wish("app.py", fork=True), caller)
    assert (spec.exec_mode, spec.target) == (Mode.FORK, Target.SCRIPT)


@pytest.mark.parametrize(
    ("wish", "message", "hint"),
    [
        (Wish("ap.py"), "there is no file .*ap.py", "did you mean `app.py`"),
        (Wish("toool"), "no file, command or app `toool`", "pm list"),
        (Wish("my-web:app"), "no file, command or app `my-web:app`", "package.module:attribute"),
        (Wish("web:app", fork=True), "web:app runs as a cluster", "--fork"),
        (Wish("web:app", interpreter="none"), "web:app needs a Python", "--interpreter"),
        (Wish("app.py", port=80), "--port: app.py is no `module:app`", "-- --port 80"),
        (Wish("web:app", port=99999), "--port: 99999 is no port", "from 0 to 65535"),
        (Wish("plain.txt"), "plain.txt is not executable", "chmod"),
        (Wish("data"), "a folder without __main__.py", "name a file"),
        (Wish("app.py", cwd="nowhere"), "nowhere is no folder", ""),
        (Wish("app.py", interpreter="python9"), "there is no program python9", "path"),
        (Wish("app.py", instances="some"), "'some' is not a number", "max"),
        (Wish("tool 'a"), "No closing quotation", ""),
        (Wish("a-b", module=True), "cannot be the name of a module", ""),
        (Wish("tool", interpreter_args=("-O",)), "has no interpreter", ""),
    ],
)
def test_refusals(wish: Wish, message: str, hint: str, caller: Caller) -> None:
    with pytest.raises(PmError, match=message) as caught:
        resolve(wish, caller)
    assert hint in caught.value.hint


def test_no_python_at_all(caller: Caller) -> None:
    with pytest.raises(Failed, match="no python3 in your PATH"):
        resolve(Wish("app.py"), replace(caller, env={"PATH": "/nowhere"}))


@pytest.mark.parametrize(
    ("text", "count"),
    [("3", 3), ("max", 8), ("0", 8), ("-1", 7), ("-7", 1), ("-9", 1)],
)
def test_instances(text: str, count: int) -> None:
    assert count_instances(text, 8) == count


def test_instances_that_are_no_number() -> None:
    with pytest.raises(UsageError):
        count_instances("2.5", 8)


def test_this_caller_keeps_the_link_it_came_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "real")
    monkeypatch.setenv("PWD", str(tmp_path / "link"))
    assert this_caller().cwd == str(tmp_path / "link")
    monkeypatch.setenv("PWD", str(tmp_path))
    assert this_caller().cwd == str(tmp_path / "real")


def test_a_first_line_that_cannot_be_split_names_no_python(caller: Caller, here: Path) -> None:
    executable(here / "odd", "#!/bin/sh\n'''exec' 'open\n")
    assert resolve(Wish("./odd"), caller).target is Target.COMMAND
