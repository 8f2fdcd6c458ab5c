"""`pm deploy` to real sshds on loopback, from a real repository, with the installed `pm`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.ports import free_port
from tests.repository import Repository
from tests.sshd import SSHD, Sshd
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    SSHD is None, reason="there is no sshd here: install openssh-server to test `pm deploy`"
)

WEB = (Path(__file__).parent / "apps" / "threaded.py").read_text()
ANSWER = "str(os.getpid())"
BROKEN = "raise SystemExit('broken on purpose')\n" + WEB


def _saying(text: str) -> str:
    return WEB.replace(ANSWER, f"({text!r}, {ANSWER})[0]")


class Site:
    """A repository with an app, the hosts it goes to, and the one who deploys it."""

    def __init__(self, folder: Path, pm: Pm, hosts: dict[Sshd, Pm], port: int) -> None:
        self.pm = pm
        self.hosts = hosts
        self.port = port
        self.repository = Repository(folder)
        self.pm.cwd = self.repository.tree
        self.extra: dict[str, object] = {}
        self.app: dict[str, object] = {"instances": 2}

    @property
    def host(self) -> Sshd:
        """The first host."""
        return next(iter(self.hosts))

    def commit(self, code: str) -> None:
        """Push the code, with an ecosystem file that says what `app` and `extra` say."""
        table: dict[str, object] = {}
        for host in self.hosts:
            said = host.options()
            options = [*list(table.get("ssh_options", [])), *said["ssh_options"]]  # type: ignore[call-overload,misc]
            table = {**said, "host": [*list(table.get("host", [])), said["host"]]}  # type: ignore[call-overload]
            table["ssh_options"] = options
        table |= {"repo": str(self.repository.origin), "path": "~/app", **self.extra}
        app = {"name": "web", "script": "web.py", "args": [str(self.port)], **self.app}
        text = "[[apps]]\n" + _toml(app) + "\n[deploy.production]\n" + _toml(table)
        self.repository.push({"ecosystem.toml": text, "web.py": code})

    def current(self, host: Sshd | None = None) -> str:
        """Return what the link on a host points to."""
        return os.readlink((host or self.host).home / "app" / "current")

    def answer(self) -> str:
        """Ask the app."""
        return Client(self.port).get()


def _toml(table: dict[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


@pytest.fixture
def site(
    tmp_path: Path, pm: Pm, make_pm: Callable[[Path], Pm], pm_home: Path, port: int
) -> Iterator[Site]:
    """One host, set up, with nothing deployed."""
    remote = make_pm(pm_home / "host")
    remote.home.mkdir()
    host = Sshd(tmp_path / "host", "127.0.0.1", free_port(), remote.env)
    site = Site(tmp_path, pm, {host: remote}, port)
    site.commit(_saying("one"))
    yield site
    host.stop()


def test_good_broken_good_under_load_fails_no_request(site: Site) -> None:
    site.pm("deploy", "production", "setup")
    site.pm("deploy", "production")
    first = site.current()
    with Load(site.port, keepalive=True) as kept, Load(site.port) as load:
        site.commit(BROKEN)
        result = site.pm("deploy", "production", code=1)
        assert site.current() == first
        load.more(200)
        assert set(load.answers) == {"one"}
        site.commit(_saying("two"))
        site.pm("deploy", "production")
        until(lambda: load.answers["two"] > 200, "answers of the new code")
        until(lambda: kept.answers["two"] > 200, "answers of the new code")
    assert load.failures == kept.failures == []
    assert f"{first.removeprefix('releases/')} is live again" in result.err
    assert "broken on purpose" in result.err
    assert site.current() > first


def test_a_fresh_host_says_what_is_missing(site: Site) -> None:
    result = site.pm("deploy", "production", code=1)
    assert "hint: `pm deploy production setup` does it" in result.err
    assert site.pm("deploy", "production", "current", code=0).out == "nothing\n"
