"""`pm start module:attribute` serves an ASGI or WSGI application with what its Python has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.pythons import PYTHONS
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
OLDEST = next(iter(PYTHONS))
"""A Python without any server of web applications."""


def start(pm: Pm, port: int, name: str, *options: object) -> None:
    pm("start", name, "--cwd", APPS, "-i", 2, "--port", port, *options)


def said(pm: Pm, text: str, times: int = 1) -> None:
    """Wait until the workers of `web` have written a text, exactly so many times."""
    log = pm.home / "logs" / "web-out.log"
    until(lambda: log.read_text().count(text) >= times, f"{text!r} in the log")
    assert log.read_text().count(text) == times


def test_asgi_is_served_by_uvicorn_in_rotation(pm: Pm, port: int) -> None:
    options = ("--root-path", "/here", "--log-level", "error")
    result = pm("start", "web:asgi", "--cwd", APPS, "-i", 2, "--port", port, "--", *options)
    assert result.err.count("web:asgi is an ASGI app, served by uvicorn ") == 1
    assert "served by uvicorn" in pm("describe", "web").out
    client = Client(port)
    answers = [client.get() for _ in range(8)]
    assert answers == answers[:2] * 4
    assert sorted(answers[:2]) == sorted(f"{pid}/here" for pid in pm.pids("web"))
    said(pm, "web:asgi is an ASGI app, served by uvicorn ", 2)
    said(pm, f"on 127.0.0.1:{port}", 2)


@pytest.mark.parametrize("policy", ["round-robin", "least-connections", "shared"])
def test_what_a_factory_makes_is_reloaded_without_a_gap(pm: Pm, port: int, policy: str) -> None:
    start(pm, port, "web:create_app()", "--preload", "web", "--scheduling", policy)
    said(pm, "made\n", 2)  # the factory is called once a worker
    with Load(port) as load:
        pm("reload", "web")
        load.more(100)
    assert not load.failures
    said(pm, "web:create_app() is a WSGI app, served by ", 4)


@pytest.mark.parametrize("version", [OLDEST, list(PYTHONS)[-1]])
def test_wsgi_without_any_server_is_served_by_the_standard_library(
    pm: Pm, port: int, version: str
) -> None:
    start(pm, port, "web:wsgi", "--interpreter", PYTHONS[version])
    client = Client(port)
    answers = [client.get() for _ in range(4)]
    assert sorted(map(int, answers[:2])) == sorted(pm.pids("web"))
    assert answers == answers[:2] * 2
    said(pm, "served by wsgiref", 2)


def test_an_app_of_a_file_has_its_port_there(pm: Pm, port: int, tmp_path: Path) -> None:
    file = tmp_path / "ecosystem.toml"
    file.write_text(
        f'[[apps]]\nscript = "web:asgi"\ncwd = "{APPS}"\nhost = "127.0.0.2"\nport = {port}\n'
    )
    pm("start", file)
    assert pm.app("web")["listeners"][0]["address"] == "127.0.0.2"
    assert "web:asgi" in pm("describe", "web").out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wbe:asgi", ("no module `wbe`", "did you mean `web`?")),
        ("web:asgy", ("no attribute `asgy`", "did you mean `asgi`?")),
        ("web:main", ("no attribute `main`", "it has `asgi`, `wsgi`")),
        ("web:number.main", ("no attribute `number.main`",)),
        ("web:number", ("neither an ASGI nor a WSGI app", "it is an int")),
        ("web:create_app", ("neither an ASGI nor a WSGI app", "'web:create_app()'")),
        ("web:number()", ("cannot be called", "leave `()` out")),
    ],
)
def test_what_is_no_application_is_refused_in_words(
    pm: Pm, port: int, name: str, words: tuple[str, ...]
) -> None:
    result = pm("start", name, "--cwd", APPS, "--port", port, code=1)
    for word in words:
        assert word in result.err
    assert "Traceback" not in result.err


def test_no_asgi_server_names_what_to_install(pm: Pm) -> None:
    python = PYTHONS[OLDEST]
    result = pm("start", "web:asgi", "--cwd", APPS, "--interpreter", python, code=1)
    assert "there is no server for it" in result.err
    assert f"hint: {python} -m pip install uvicorn" in result.err


def test_a_port_is_for_applications_only(pm: Pm, port: int) -> None:
    result = pm("start", APPS / "threaded.py", "--port", port, code=2)
    assert f"-- --port {port}" in result.err
