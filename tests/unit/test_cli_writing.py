"""Apps written as a file lead to the same apps again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cli.ecosystem.apps import read
from cli.ecosystem.keys import KEYS
from cli.ecosystem.writing import table_of, written
from cli.secrets import MASK
from cli.target import Caller
from pm.changes import differences
from pm.dependency import Condition, Dependency
from pm.errors import Failed
from pm.model import AppSpec, LogType, Mode, Scheduling, Target
from pm.record import fields_of, replace

BESIDE: dict[str, dict[str, Any]] = {"listen": {"exec_mode": Mode.FORK}}
"""Keys without which others mean nothing."""
SAMPLES: dict[str, Any] = {
    "args": ("--word", "two words", "$HOME ${X}", 'quo"te', "tab\tend\x7f", "ä"),
    "interpreter_args": ("-O", "-W", "error"),
    "exec_mode": Mode.FORK,
    "instances": 3,
    "namespace": "shop",
    "filter_env": ("AWS_", "SSH"),
    "umask": 0o027,
    "user": "nobody",
    "group": "daemon",
    "preload": ("decimal", "json"),
    "wait_ready": True,
    "listen_timeout": 2.5,
    "kill_timeout": 3600.0,
    "stop_signal": "SIGINT",
    "autorestart": False,
    "max_restarts": 3,
    "min_uptime": 0.25,
    "restart_delay": 1.0,
    "autostart": False,
    "shutdown_with_message": True,
    "increment_var": "PORT",
    "max_memory_restart": 300 << 20,
    "stop_exit_codes": (0, 3),
    "out_file": "/var/log/a b.log",
    "error_file": "/dev/null",
    "log_file": "/var/log/$both.log",
    "log_date_format": "YYYY [at] HH",
    "log_type": LogType.JSON,
    "log_max_size": 5000,
    "log_keep": 0,
    "log_compress": False,
    "instance_var": "SLOT",
    "ports": (80, 443),
    "exclusive_ports": (9090,),
    "listen": ("127.0.0.1:8000", "unix:/run/a.sock"),
    "keepalive_handover": False,
    "queue_depth": 7,
    "scheduling": Scheduling.LEAST_CONNECTIONS,
    "max_surge": 2,
    "depends_on": (Dependency("db"), Dependency("migrate", Condition.COMPLETED)),
    "watch": ("/",),
    "ignore_watch": ("*.tmp", "!.git"),
    "watch_delay": 1.5,
    "watch_polling": 2.0,
    "cron_restart": "0 3 * * *",
    "cron": "*/5 * * * * *",
    "timezone": "Europe/Berlin",
}
"""A value that is not the default, of each key that is a field of the spec."""
TOLD_APART = {"name", "script", "cwd", "interpreter", "env"}


def caller(folder: Path) -> Caller:
    return Caller(str(folder), {"PATH": "/bin"}, 0o022, 2)


def spec(folder: Path, **fields: Any) -> AppSpec:
    script = folder / "web.py"
    script.touch()
    plain = AppSpec("web", str(script), str(folder), interpreter=sys.executable, umask=0o022)
    return replace(plain, **fields)


def again(folder: Path, *specs: AppSpec) -> tuple[AppSpec, ...]:
    """Return what a file with these apps leads to."""
    file = folder / "ecosystem.toml"
    file.write_text(written(specs, mask=False))
    return read(str(file), caller(folder))


def test_each_key_has_a_sample() -> None:
    assert (KEYS.keys() & (fields_of(AppSpec) or {}).keys()) - TOLD_APART <= SAMPLES.keys()


@pytest.mark.parametrize("key", sorted(SAMPLES.keys() & KEYS.keys()))
def test_each_key_comes_back(key: str, tmp_path: Path) -> None:
    fields = {key: SAMPLES[key], **BESIDE.get(key, {})}
    one = spec(tmp_path, **fields)
    assert getattr(one, key) != getattr(spec(tmp_path), key)
    (found,) = again(tmp_path, one)
    assert differences(one, found) == ()


def test_all_kinds_of_programs_come_back(tmp_path: Path) -> None:
    python: dict[str, Any] = {"interpreter": sys.executable, "cwd": str(tmp_path)}
    apps = (
        spec(tmp_path),
        AppSpec(
            "sh", "/bin/sh", str(tmp_path), Target.COMMAND, ("-c", "a | b"), exec_mode=Mode.FORK
        ),
        AppSpec("module", "http.server", target=Target.MODULE, args=("80",), **python),
        AppSpec("asgi", "shop.web:app", target=Target.APP, args=("--port", "80"), **python),
    )
    for one, found in zip(apps, again(tmp_path, *apps), strict=True):
        assert differences(replace(one, umask=0o022), found) == ()


def test_the_environment_is_the_apps_own(tmp_path: Path) -> None:
    env = {"HOME": "/root", "A": "${B} $$ 'x'\n", "B.C": "1", "API_KEY": "s"}
    one = spec(tmp_path, env=env, env_set=("A", "B.C", "API_KEY"))
    (found,) = again(tmp_path, one)
    assert differences(one, found) == ()
    assert "HOME" not in found.env
    assert table_of(one, mask=True)["env"]["API_KEY"] == MASK
    assert table_of(one)["env"]["API_KEY"] == "s"


def test_little_is_written(tmp_path: Path) -> None:
    assert set(table_of(spec(tmp_path))) - {"umask"} == {"name", "script", "interpreter", "cwd"}


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no TOML file can hold it"):
        written([spec(tmp_path, args=("\udcff",))], mask=False)
