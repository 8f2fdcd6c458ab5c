"""What is wrong with `depends_on` of a file: told with its other faults, each in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.ecosystem.apps import read
from cli.ecosystem.file import ALL, Choice
from cli.ecosystem.order import Listed
from cli.target import Caller
from pm.errors import ConfigError, NoDaemon
from pm.model import AppSpec

LISTED = {"cache": AppSpec("cache", "/cache.py", "/")}


def app(name: str, needs: str = "[]", keys: str = "") -> str:
    """Return the table of an app."""
    return f"[[apps]]\nname = '{name}'\nscript = 'app.py'\ndepends_on = {needs}\n{keys}\n"


class Reader:
    """Reads files in a folder where a daemon has `cache` in its list."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked = 0
        (folder / "app.py").touch()
        (folder / "python3").symlink_to("/bin/sh")

    def listed(self) -> Mapping[str, AppSpec]:
        """Answer as the daemon."""
        self.asked += 1
        return LISTED

    def read(self, text: str, listed: Listed | None, choice: Choice = ALL) -> list[str]:
        """Return the names of the apps."""
        path = self._folder / "ecosystem.toml"
        path.write_text(text)
        caller = Caller(str(self._folder), {"PATH": str(self._folder)}, 0o022, 4)
        return [spec.name for spec in read(str(path), caller, choice, listed=listed)]

    def faults(self, text: str, choice: Choice = ALL) -> tuple[str, ...]:
        """Return what is wrong."""
        with pytest.raises(ConfigError) as caught:
            self.read(text, self.listed, choice)
        return tuple(caught.value.lines)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A reader of files."""
    return Reader(tmp_path)


def test_a_name_that_nobody_has_is_told_with_all_other_faults(reader: Reader) -> None:
    wrong = app("web", "['dbb', 'zzz']", "instnces = 2") + app("db", "[]", "port = 'x'")
    assert reader.faults(wrong) == (
        "[[apps]] 1 (web): unknown key `instnces`; did you mean `instances`?",
        "[[apps]] 2 (db): port: 'x' is not a whole number",
        "[[apps]] 1 (web): depends_on: no app is named `dbb`; did you mean `db`?",
        "[[apps]] 1 (web): depends_on: no app is named `zzz`; "
        "it has to be in the list, or in the same file",
    )


def test_each_circle_is_told_also_of_apps_with_other_faults(reader: Reader) -> None:
    text = app("a", "'b'") + app("b", "'a'") + app("c", "'c'", "colour = 1")
    gone = app("d", "'e'") + app("e", "'d'").replace("app.py", "gone.py")
    faults = reader.faults(text + gone)
    circles = [fault for fault in faults if "wait for each other" in fault]
    assert [circle.partition(": depends_on: these apps wait for each other: ")[::2]
            for circle in circles] == [
        ("[[apps]] 1 (a)", "a -> b -> a; take one of them out"),
        ("[[apps]] 3 (c)", "c -> c; take one of them out"),
        ("[[apps]] 4 (d)", "d -> e -> d; take one of them out"),
    ]  # fmt: skip
    assert len(faults) == 5, "and the unknown key, and the script that is not there"
    assert not reader.asked, "the file alone says it"


def test_what_is_in_the_list_may_be_needed(reader: Reader) -> None:
    assert reader.read(app("web", "'cache'"), reader.listed) == ["web"]
    assert reader.asked == 1
    (fault,) = reader.faults(app("web", "'cahce'"))
    assert fault.endswith("no app is named `cahce`; did you mean `cache`?")


def test_what_cannot_be_known_is_left_to_the_daemon(reader: Reader) -> None:
    def silent() -> Mapping[str, AppSpec]:
        raise NoDaemon("the daemon does not answer")

    for listed in (None, silent):
        assert reader.read(app("web", "'cache'"), listed) == ["web"]


def test_an_app_whose_name_faults_hide_may_be_any(reader: Reader) -> None:
    text = app("web", "'gone'") + "[[apps]]\nscript = 'gone.py'\n"
    (fault,) = reader.faults(text)
    assert fault.startswith("[[apps]] 2: there is no file")


def test_the_faults_of_an_app_are_none_of_those_that_need_it(reader: Reader) -> None:
    web = app("web", "{db = 'completed'}")
    (fault,) = reader.faults(web + app("db", "[]", "autorestart = 'never'"))
    assert fault.startswith("[[apps]] 2 (db): autorestart")
    (fault,) = reader.faults(web + app("db"))
    assert fault.startswith("[[apps]] 1 (web): depends_on: `db` is never completed")


def test_an_app_that_was_not_chosen_has_to_be_in_the_list(reader: Reader) -> None:
    text = app("web", "['db', 'cache']") + app("db") + app("cache")
    assert reader.faults(text, Choice(("web",))) == (
        "[[apps]] 1 (web): depends_on: `db` is not in the list, and --only leaves it out",
    )
    assert reader.read(text, None, Choice(("web",))) == ["web"]
