"""Which of a caller's variables an app gets."""

from __future__ import annotations

from pm.inherit import inherited, with_env
from pm.model import AppSpec


def test_a_callers_environment_takes_the_last_ones_place() -> None:
    spec = AppSpec("web", "/a.py", "/", env={"PORT": "1", "LANG": "C"}, env_set=("PORT",))
    assert with_env(spec, {"PORT": "2", "NEW": "x"}).env == {"PORT": "1", "NEW": "x"}


def test_filters_stay_with_the_app() -> None:
    spec = AppSpec("web", "/a.py", "/", env={"A_TOKEN": "1"}, env_set=("A_TOKEN",),
                   filter_env=("TOKEN", "KEY"))  # fmt: skip
    env = {"A_TOKEN": "2", "MY_TOKEN": "3", "KEYS": "4", "PATH": "/bin", "PM_SLOT": "0"}
    assert with_env(spec, env).env == {"A_TOKEN": "1", "PATH": "/bin"}


def test_an_empty_filter_leaves_path_alone() -> None:
    assert inherited({"A": "1", "PATH": "/bin"}, ("",)) == {"PATH": "/bin"}
