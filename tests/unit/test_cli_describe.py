"""`describe` and `jlist`: what is in them, and that secrets are not."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from cli.describe import describe, without_secrets
from cli.jlist import jlist
from cli.render import Screen
from cli.secrets import MASK, masked
from cli.text import size, width
from pm.api import Detail
from pm.codec import to_plain
from pm.model import AppSpec, AppView, Event, ListenerView, Mode, State, WorkerView

SCREEN = Screen(None, False, 1000.0)
SPEC = AppSpec(
    "web", "/srv/web.py", "/srv", args=("--port", "80"), interpreter="/usr/bin/python3",
    interpreter_args=("-O",), env={"PORT": "80", "DB_PASSWORD": "hunter2", "LANG": "C"},
    kill_timeout=3.0, instances=2,
)  # fmt: skip
APP = AppView(
    "web", "default", Mode.CLUSTER, State.ONLINE, State.ONLINE,
    (
        WorkerView(0, 4, State.ONLINE, 77, 2, 900.0, 3, 1, 1, cpu=1.5, memory=1024, connections=9),
        WorkerView(1, 5, State.STOPPED, exit_signal="SIGKILL"),
    ),
    "/srv/web.py", 500.0, 2, 70, "", (ListenerView("0.0.0.0", 80, "ipv4", "shared"),),
    ("`requests` started threads",), "/l/out", "/l/err", "",
)  # fmt: skip
DETAIL = Detail(APP, SPEC, (Event(950.0, "web", "exit", "killed by SIGSEGV", 0, 66),))


def test_describe_has_every_section() -> None:
    text = describe(DETAIL, SCREEN, {"LANG": "C"})
    for part in (
        "web  online",
        "script       /srv/web.py",
        "interpreter  /usr/bin/python3 -O",
        "args         --port 80",
        "mode         cluster, 2 workers",
        "│ 4  │ 0    │ 77",
        "slot 1: last exit by SIGKILL",
        "0.0.0.0:80  shared",
        "kill_timeout  3s",
        "`requests` started threads",
        "exit  slot 0 pid 66  killed by SIGSEGV",
        "error  /l/err",
    ):
        assert part in text, part
    assert "reason" not in text


def test_options_read_as_they_are_written() -> None:
    odd = replace(
        SPEC, autorestart=False, stop_exit_codes=(0, 3), max_memory_restart=300_000_000,
        restart_delay=0.25, preload=("numpy",), umask=0o027,
    )  # fmt: skip
    text = describe(replace(DETAIL, spec=odd), SCREEN, {})
    for name, shown in (
        ("autorestart", "false"), ("stop_exit_codes", "[0, 3]"), ("restart_delay", "0.25s"),
        ("max_memory_restart", size(300_000_000)), ("preload", '["numpy"]'), ("umask", "0027"),
    ):  # fmt: skip
        assert re.search(rf"^  {name} +{re.escape(shown)}$", text, re.M), name


def test_the_environment_is_masked() -> None:
    text = describe(DETAIL, SCREEN, {"LANG": "C"})
    assert f"PORT         {MASK}" in text
    assert "LANG" not in text
    shown = describe(DETAIL, SCREEN, {}, show_env=True)
    assert "PORT         80" in shown
    assert f"DB_PASSWORD  {MASK}" in shown
    assert "hunter2" not in text + shown


def test_json_is_masked_too() -> None:
    assert set(without_secrets(DETAIL, False).spec.env.values()) == {MASK}
    assert masked(SPEC.env, True) == {"PORT": "80", "DB_PASSWORD": MASK, "LANG": "C"}


def test_the_folder_that_a_shell_is_in_is_no_password() -> None:
    folders = {"PWD": "/srv/shop", "OLDPWD": "/srv"}
    assert masked(folders, True) == folders
    assert masked({"DB_PWD": "x", "MYSQL_PWD": "x"}, True) == {"DB_PWD": MASK, "MYSQL_PWD": MASK}


def test_an_address_with_a_password_in_it_is_masked() -> None:
    addresses = {"BROKER": "amqp://guest:s3:c@mq:5672/", "REDIS": "redis://:pw@r/0"}
    assert set(masked(addresses, True).values()) == {MASK}
    plain = {"SITE": "http://host:80/a@b", "BARE": "ssh://git@host/x", "HOST": "::1"}
    assert masked(plain, True) == plain


def test_jlist_has_pm2_s_fields() -> None:
    first, second = json.loads(json.dumps(jlist([DETAIL], "me")))
    assert (first["pid"], first["pm_id"], first["name"]) == (77, 4, "web")
    assert first["monit"] == {"memory": 1024, "cpu": 1.5}
    env = first["pm2_env"]
    assert (env["status"], env["exec_mode"]) == ("online", "cluster_mode")
    assert (env["restart_time"], env["unstable_restarts"], env["pm_uptime"]) == (3, 1, 900_000)
    assert (env["args"], env["node_args"]) == (["--port", "80"], ["-O"])
    assert env["env"] == {"PORT": "80", "DB_PASSWORD": MASK, "LANG": "C"}
    assert (env["username"], env["instance_var"]) == ("me", "NODE_APP_INSTANCE")
    assert (env["autostart"], env["treekill"], env["kill_retry_time"]) == (True, True, 100)
    assert (env["max_memory_restart"], env["cron_restart"]) == (None, None)
    assert (env["pm_pid_path"], env["node_version"]) == ("", "N/A")
    assert len({env["unique_id"], second["pm2_env"]["unique_id"]}) == 2
    assert (second["pid"], second["pm2_env"]["status"]) == (0, "stopped")
    assert "pm_log_path" not in env
    both = replace(DETAIL, app=replace(APP, log_file="/l/both"))
    assert jlist([both], "me")[0]["pm2_env"]["pm_log_path"] == "/l/both"


def test_a_detail_survives_the_wire() -> None:
    assert json.loads(json.dumps(to_plain(DETAIL)))["app"]["name"] == "web"


def test_one_slot_of_an_app_is_no_app_of_one_worker() -> None:
    one = replace(DETAIL, app=replace(APP, workers=APP.workers[:1]))
    assert "mode         cluster, 2 workers" in describe(one, SCREEN, {})
    assert jlist([one], "me")[0]["pm2_env"]["instances"] == 2


def test_an_errored_app_shows_its_last_words() -> None:
    text = describe(DETAIL, SCREEN, {}, words=["Traceback", "  KeyError: 'x\x1b'"])
    assert "last lines of standard error\n  Traceback\n    KeyError: 'x\ufffd'" in text


def test_events_stand_in_columns() -> None:
    events = (
        Event(950.0, "web", "listening", "127.0.0.1:80"),
        Event(950.0, "web", "reload", "slot 0: generation 2 is ready", 0),
        Event(950.0, "web", "online", "online, no port", 0, 66),
        Event(950.0, "web", "stop"),
    )
    text = describe(replace(DETAIL, events=events), SCREEN, {})
    rows = [row[23:] for row in text.partition("last events\n")[2].splitlines()]
    assert rows == [
        "listening                 127.0.0.1:80",
        "reload     slot 0         generation 2 is ready",
        "online     slot 0 pid 66  no port",
        "stop",
    ]


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_the_workers_fit_the_screen(columns: int) -> None:
    text = describe(DETAIL, SCREEN._replace(columns=columns), {})
    drawn = [line for line in text.splitlines() if line.startswith(tuple("┌│├└"))]
    assert len(drawn) == 6  # a frame of three, a head, two workers
    assert {width(line) for line in drawn} <= set(range(columns + 1))


def test_of_a_long_message_the_beginning_is_shown() -> None:
    events = (Event(950.0, "web", "message", f'"{"x" * 100_000}"', 0, 66),)
    text = describe(replace(DETAIL, events=events), SCREEN, {})
    line = text.partition("last events\n")[2]
    assert line.endswith("xxx…")
    assert len(line) < 300
