"""Changed files become a reload, and a broken one takes nothing down."""

from __future__ import annotations

import json
import os
import select
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.waiting import until

pytestmark = pytest.mark.slow
APPS = Path(__file__).parent / "apps"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an app that answers with what stands in a file of it."""
    for name in ("app", "app/node_modules"):
        (tmp_path / name).mkdir()
    shutil.copy(APPS / "versioned.py", tmp_path / "app" / "server.py")
    (tmp_path / "app" / "answer.txt").write_text("one")
    return tmp_path / "app"


def answers(port: int, text: str) -> Callable[[], bool]:
    """Return what asks whether the app answers so."""
    return lambda: Client(port).get() == text


def events(pm: Pm, kind: str, name: str = "web") -> list[str]:
    """Return the reasons of an app's events of one kind, the oldest first."""
    (detail,) = json.loads(pm("describe", name, "--json").out)
    return [event["reason"] for event in reversed(detail["events"]) if event["kind"] == kind]


def save(path: Path, text: str, at: float) -> None:
    """Write a file with a time, both at once for whoever looks."""
    fresh = path.parent.with_suffix(".fresh")
    fresh.write_text(text)
    os.utime(fresh, (at, at))
    fresh.rename(path)


def watched(pm: Pm) -> None:
    """Wait until the app's folders are looked into."""
    until(lambda: (pm.app("web")["watch"] or {}).get("folders"), "the folders are watched")


def start(pm: Pm, folder: Path, port: int, *options: object) -> None:
    """Start the app, and wait until it is watched."""
    pm("start", folder / "server.py", "-n", "web", "--cwd", folder, *options, "--", port)
    watched(pm)


def test_a_change_is_a_reload_without_a_gap_and_a_broken_one_is_refused(
    pm: Pm, folder: Path, port: int
) -> None:
    start(pm, folder, port, "--watch", "-i", 2)
    with Load(port) as load:
        (folder / "answer.txt").write_text("two")
        until(answers(port, "two"), "the new answer")
        until(lambda: "generation 2 serves" in events(pm, "reload"), "the reload has ended")
        (folder / "answer.txt").write_text("broken")
        until(lambda: "refused" in events(pm, "watch")[-1], "the broken one is refused")
        load.more(20)
        assert Client(port).get() == "two"
        (folder / "answer.txt").write_text("four")
        until(answers(port, "four"), "the next save is tried")
    assert load.failures == []
    assert events(pm, "watch")[0] == "answer.txt changed: reload"
    shown = pm("describe", "web").out
    assert f"{folder} (1 folder)" in shown
    assert "answer.txt, 20" in shown


def test_what_is_ignored_and_what_is_watched_beside_it(pm: Pm, folder: Path, port: int) -> None:
    start(
        pm, folder, port, "--watch", "--ignore-watch", "data", "--ignore-watch", "*.html",
        "--watch-delay", "50ms",
    )  # fmt: skip
    for name in ("page.html", "node_modules/x.js", "app.log", "db.sqlite3"):
        (folder / name).write_text("x")
    (folder / "data").mkdir()
    (folder / "data" / "x.txt").write_text("x")
    (folder / "new").mkdir()
    (folder / "new" / "module.py").write_text("")
    until(lambda: events(pm, "watch"), "a reload for the new module")
    assert events(pm, "watch") == ["new/module.py changed: reload"]


def test_a_stopped_app_is_left_alone_and_watching_is_turned_off_and_on(
    pm: Pm, folder: Path, port: int
) -> None:
    start(pm, folder, port, "--watch-path", "answer.txt")
    pm("stop", "web")
    (folder / "answer.txt").write_text("two")
    assert pm.app("web")["watch"] is None
    pm("start", "web")
    watched(pm)
    assert Client(port).get() == "two", "watched again, unlike PM2"
    pm("stop", "web", "--watch")
    pm("start", "web")
    assert pm.app("web")["watch"] is None
    pm("restart", "web", "--watch")
    watched(pm)
    (folder / "server.py").touch()
    (folder / "answer.txt").write_text("three")
    until(answers(port, "three"), "watched as before")
    assert events(pm, "watch") == ["answer.txt changed: reload"]
    pm("restart", "web", "--watch")
    assert pm.app("web")["watch"] is None
    assert pm.states() == ["online"]


def test_an_app_that_could_not_start_is_started_by_the_next_save(
    pm: Pm, folder: Path, port: int
) -> None:
    (folder / "answer.txt").write_text("broken")
    pm("start", folder / "server.py", "-n", "web", "--cwd", folder, "--watch", "--", port, code=1)
    watched(pm)
    (folder / "answer.txt").write_text("one")
    until(lambda: pm.states() == ["online"], "mended")
    assert Client(port).get() == "one"


def test_a_new_daemon_goes_on_watching(pm: Pm, folder: Path, port: int) -> None:
    start(pm, folder, port, "--watch")
    pm.kill_daemon()
    pm("list")
    watched(pm)
    (folder / "answer.txt").write_text("two")
    until(answers(port, "two"), "the new answer")


def test_the_keys_of_files(pm: Pm, folder: Path, port: int) -> None:
    app = {"name": "web", "script": "server.py", "args": [str(port)]}
    options = {"ignored": ["*.html"], "usePolling": True, "interval": 50}
    pm2 = {**app, "watch": ["*.txt", "*.html"], "watch_delay": 50, "watch_options": options}
    (folder / "pm2.json").write_text(json.dumps({"apps": [pm2]}))
    (folder / "page.html").write_text("")
    pm("start", folder / "pm2.json")
    watched(pm)
    later = time.time() + 10
    os.utime(folder / "page.html", (later, later))
    os.utime(folder / "server.py", (later, later))
    save(folder / "answer.txt", "two", later)
    until(answers(port, "two"), "the new answer")
    assert events(pm, "watch") == ["answer.txt changed: reload"]
    toml = f'name = "web"\nscript = "server.py"\nargs = "{port}"\nwatch = true\n'
    (folder / "ecosystem.toml").write_text(
        f'[[apps]]\n{toml}ignore_watch = "!*.log"\nwatch_polling = 0\n'
    )
    pm("apply", folder / "ecosystem.toml")
    until(lambda: pm.app("web")["watch"]["paths"] == [str(folder)], "watched by the new file")
    watched(pm)
    (folder / "app.log").write_text("")
    until(lambda: "app.log changed: reload" in events(pm, "watch"), "a log that is asked for")


def test_pm_logs_say_why_there_is_a_reload(pm: Pm, folder: Path, port: int) -> None:
    start(pm, folder, port, "--watch")
    child = pm.popen("logs", "web", "--lines", "0")
    try:
        assert child.stdout is not None
        changed, heard = 0.0, select.poll()
        heard.register(child.stdout, select.POLLIN)

        def said() -> bool:
            nonlocal changed
            if time.monotonic() > changed + 1:  # it may not listen to events yet
                changed = time.monotonic()
                (folder / "answer.txt").touch()
            assert child.stdout is not None
            return bool(heard.poll(10)) and "pm | web: answer.txt ch" in child.stdout.readline()

        until(said, "why there is a reload")
    finally:
        child.kill()
        child.communicate(timeout=10)
