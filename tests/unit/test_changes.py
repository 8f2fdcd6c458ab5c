"""What differs between two specs, and what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from pm.changes import Difference, Need, carried, declared, differences, need_of
from pm.model import AppSpec, Mode
from pm.record import fields_of, replace

OLD = AppSpec("web", "/app.py", "/", env={"HOME": "/root", "A": "1", "B": "2"}, env_set=("A", "B"))


def needs(fields: dict[str, Any]) -> Need:
    return need_of(differences(OLD, replace(OLD, **fields)))


def test_the_same_is_the_same() -> None:
    assert differences(OLD, replace(OLD)) == ()
    assert need_of(()) is Need.NOTHING
    assert need_of((), Need.RELOAD) is Need.RELOAD


def test_keys_are_named_with_old_and_new() -> None:
    new = replace(OLD, args=("--fast",), kill_timeout=3.0)
    assert differences(OLD, new) == (
        Difference("args", (), ("--fast",)),
        Difference("kill_timeout", 10.0, 3.0),
    )


def test_of_the_environment_only_what_the_app_sets_counts() -> None:
    env = {"HOME": "/elsewhere", "TERM": "dumb", "A": "1", "C": "3"}
    new = replace(OLD, env=env, env_set=("A", "C"))
    assert declared(new) == {"A": "1", "C": "3"}
    assert differences(OLD, new) == (Difference("env.B", "2", None), Difference("env.C", None, "3"))
    assert {one.key for one in differences(OLD, new, inherited=True)} == {
        "env.B", "env.C", "env.HOME", "env.TERM",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "need"),
    [
        ({"instances": 4}, Need.SCALE),
        ({"namespace": "shop"}, Need.LIST),
        ({"source": "/x.toml"}, Need.NOTHING),
        ({"script": "/other.py"}, Need.RELOAD),
        ({"instances": 4, "script": "/other.py"}, Need.RELOAD),
        ({"exec_mode": Mode.FORK}, Need.RESTART),
        ({"namespace": "shop", "instances": 4}, Need.SCALE),
    ],
)
def test_each_key_has_its_need(fields: dict[str, Any], need: Need) -> None:
    assert needs(fields) is need


def test_all_keys_but_a_few_need_a_reload() -> None:
    few = {
        "source": Need.LIST, "namespace": Need.LIST, "depends_on": Need.LIST,
        "instances": Need.SCALE, "exec_mode": Need.RESTART,
    }  # fmt: skip
    own_accord = (
        "watch", "ignore_watch", "watch_delay", "watch_polling", "unwatched",
        "cron", "cron_restart", "timezone", "autostart",
    )  # fmt: skip
    few |= dict.fromkeys(own_accord, Need.LIST)
    for key in fields_of(AppSpec) or ():
        assert Difference(key, 1, 2).need is few.get(key, Need.RELOAD), key


def test_what_only_the_daemon_knows_is_not_the_masters_to_say() -> None:
    record = replace(OLD, instances=3, namespace="shop", source="/x.toml")
    running = replace(OLD, script="/new.py")
    assert carried(record, running) == replace(record, script="/new.py")
