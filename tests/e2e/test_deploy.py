"""`pm deploy` to real sshds on loopback, from a real repository, with the installed `pm`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fifos import open_once_read
from tests.load import Client, Load
from tests.pm_command import Pm
from tests.ports import free_port
from tests.repository import Repository
from tests.sshd import SSHD, Sshd, access
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    SSHD is None, reason="there is no sshd here: install openssh-server to test `pm deploy`"
)

ANSWER = "str(os.getpid())"
WEB = (Path(__file__).parent / "apps" / "threaded.py").read_text()
WEB = WEB.replace("int(sys.argv[1])", "int(os.environ['WEB_PORT'])")
BROKEN = "raise SystemExit('broken on purpose')\n" + WEB


def _saying(text: str) -> str:
    return WEB.replace(ANSWER, f"({text!r}, {ANSWER})[0]")


class Site:
    """A repository with an app, the hosts it goes to, and the one who deploys it."""

    def __init__(self, folder: Path, pm: Pm) -> None:
        self.pm = pm
        self.hosts: dict[Sshd, int] = {}
        """With the port of the app there."""
        self.repository = Repository(folder)
        self.pm.cwd = self.repository.tree
        self.app: dict[str, object] = {"instances": 2}
        self.table: dict[str, object] = {}

    @property
    def host(self) -> Sshd:
        """The first host."""
        return next(iter(self.hosts))

    @property
    def port(self) -> int:
        """The app's port on the first host."""
        return self.hosts[self.host]

    def commit(self, code: str) -> None:
        """Push the code, with an ecosystem file that says what `app` and `table` say."""
        app = {"name": "web", "script": "web.py", **self.app}
        place = {"repo": str(self.repository.origin), "path": "~/app"}
        table = {**access(list(self.hosts)), **place, **self.table}
        text = "[[apps]]\n" + _toml(app) + "\n[deploy.production]\n" + _toml(table)
        self.repository.push({"ecosystem.toml": text, "web.py": code})

    def deploy(self, code: str) -> None:
        """Push the code and deploy it."""
        self.commit(code)
        self.pm("deploy", "production")

    def current(self, host: Sshd | None = None) -> str:
        """Return what the link on a host points to."""
        return os.readlink((host or self.host).home / "app" / "current")

    def answer(self, host: Sshd | None = None) -> str:
        """Ask the app."""
        return Client(self.hosts[host or self.host]).get()


def _toml(table: dict[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


AddHost = Callable[[str], Sshd]


@pytest.fixture
def unset(tmp_path: Path, pm: Pm) -> Site:
    """A site without hosts."""
    return Site(tmp_path, pm)


@pytest.fixture
def add_host(
    unset: Site, tmp_path: Path, make_pm: Callable[[Path], Pm], pm_home: Path
) -> Iterator[AddHost]:
    """Give a function that adds a host at an address; all have the same port, as is usual."""
    ssh_port = free_port()

    def add(address: str) -> Sshd:
        remote = make_pm(pm_home / address)
        remote.home.mkdir()
        web = free_port()
        env = {**remote.env, "WEB_PORT": str(web)}
        host = Sshd(tmp_path / address, address, ssh_port, env)
        unset.hosts[host] = web
        return host

    yield add
    for host in unset.hosts:
        host.stop()


@pytest.fixture
def site(unset: Site, add_host: AddHost) -> Site:
    """One host, set up, with nothing deployed."""
    add_host("127.0.0.1")
    unset.commit(_saying("nothing"))
    unset.pm("deploy", "production", "setup")
    return unset


@pytest.fixture
def pair(unset: Site, add_host: AddHost) -> Site:
    """Two hosts, with a first release on both."""
    add_host("127.0.0.1")
    add_host("127.0.0.2")
    unset.commit(_saying("one"))
    unset.pm("deploy", "production", "setup")
    unset.pm("deploy", "production")
    return unset


@pytest.mark.long
def test_good_broken_good_under_load_fails_no_request(site: Site) -> None:
    site.deploy(_saying("one"))
    first = site.current()
    with Load(site.port, keepalive=True) as kept, Load(site.port) as load:
        site.commit(BROKEN)
        result = site.pm("deploy", "production", code=1)
        assert site.current() == first
        load.more(200)
        assert set(load.answers) == {"one"}
        site.deploy(_saying("two"))
        for one in (load, kept):
            until(lambda one=one: one.answers["two"] > 200, "answers of the new code")  # type: ignore[misc]
    assert load.failures == kept.failures == []
    assert f"{first.removeprefix('releases/')} is live again" in result.err
    assert "broken on purpose" in result.err
    assert site.current() > first


def test_a_fresh_host_says_what_is_missing(unset: Site, add_host: AddHost) -> None:
    add_host("127.0.0.1")
    unset.commit(WEB)
    result = unset.pm("deploy", "production", code=1)
    assert "hint: `pm deploy production setup` does it" in result.err
    assert unset.pm("deploy", "production", "current").out == "nothing\n"


def test_what_is_live_can_be_seen_and_run_in(site: Site) -> None:
    site.deploy(WEB)
    name = site.current().removeprefix("releases/")
    assert site.pm("deploy", "production", "current").out == f"{name}\n"
    assert name in site.pm("deploy", "production", "list").out
    (found,) = json.loads(site.pm("deploy", "production", "list", "--json").out)
    assert (found["current"], found["previous"]) == (name, None)
    assert found["releases"][0]["commit"] == site.repository.git("rev-parse", "HEAD")
    command = "pwd -P; echo '$HOME' \"$SHARED\"; exit 7"
    result = site.pm("deploy", "production", "exec", command, code=7)
    app = site.host.home / "app"
    assert result.out == f"{app}/releases/{name}\n$HOME {app}/shared\n"


def test_a_host_gets_the_agent_if_the_file_says_so(site: Site, tmp_path: Path) -> None:
    ask = ("deploy", "production", "exec", 'test -S "$SSH_AUTH_SOCK"')
    address = tmp_path / "agent"
    site.deploy(WEB)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL)
    try:
        until(address.exists, "the agent listens")
        site.pm(*ask, env={"SSH_AUTH_SOCK": str(address)}, code=1)
        site.table["forward-agent"] = True
        site.commit(WEB)
        site.pm(*ask, env={"SSH_AUTH_SOCK": str(address)})
    finally:
        agent.terminate()
        agent.wait()


def _held_up(site: Site, hook: str, end: str = "") -> tuple[Path, Path]:
    """Give releases a hook that makes the file `begun` and waits until `go-on` is written to."""
    begun, go_on = site.host.home / "begun", site.host.home / "go-on"
    os.mkfifo(go_on)
    site.table[hook] = f"touch {begun}; read word <{go_on}; echo $word; {end}"
    return begun, go_on


def _go(go_on: Path) -> None:
    with open(open_once_read(go_on), "w") as fifo:
        fifo.write("on it goes\n")


def test_two_deploys_at_once_are_refused(site: Site) -> None:
    begun, go_on = _held_up(site, "pre-deploy")
    site.commit(WEB)
    first = site.pm.popen("deploy", "production")
    until(begun.exists, "the hook of the first deploy")
    result = site.pm("deploy", "production", code=1)
    assert "another deploy is under way: " in result.err
    assert ", since 20" in result.err
    _go(go_on)
    assert "on it goes" in first.communicate(timeout=30)[1]
    assert first.returncode == 0


def test_an_interrupt_before_the_switch_changes_nothing(site: Site) -> None:
    site.deploy(_saying("one"))
    before = site.current()
    begun, go_on = _held_up(site, "pre-deploy")
    site.commit(_saying("two"))
    child = site.pm.popen("deploy", "production")
    until(begun.exists, "the hook")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "interrupted while pre-deploy" in err
    _go(go_on)
    del site.table["pre-deploy"]
    site.commit(_saying("three"))
    until(lambda: site.pm("deploy", "production", code=None).code == 0, "the lock is free")
    assert (site.answer(), site.current() > before) == ("three", True)
    assert len(site.pm("deploy", "production", "list").out.splitlines()) == 6


def test_a_connection_lost_before_the_switch_changes_nothing(site: Site) -> None:
    begun, go_on = _held_up(site, "pre-deploy")
    site.commit(WEB)
    child = site.pm.popen("deploy", "production")
    until(begun.exists, "the hook")
    site.host.cut()
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "the connection was lost while pre-deploy" in err
    _go(go_on)
    assert not (site.host.home / "app" / "current").exists()


def test_an_activation_whose_connection_is_lost_goes_on_to_its_end(site: Site) -> None:
    site.deploy(_saying("one"))
    before = site.current()
    begun, go_on = _held_up(site, "post-deploy", end="exit 3")
    site.commit(_saying("two"))
    child = site.pm.popen("deploy", "production")
    until(begun.exists, "the hook")
    assert site.current() != before
    assert site.answer() == "two"
    site.host.cut()
    assert "the host finishes that step" in child.communicate(timeout=30)[1]
    assert child.returncode == 1
    _go(go_on)
    until(lambda: site.current() == before, "the host went back by itself")
    until(lambda: site.answer() == "one", "and serves the old code")


@pytest.mark.parametrize("preload", [False, True], ids=["plain", "preload"])
def test_a_reload_after_the_switch_runs_the_code_of_the_new_release(
    site: Site, preload: bool
) -> None:
    code = WEB.replace(ANSWER, "(helper.TEXT + ' ' + os.getcwd())").replace(
        "import os", "import helper, os"
    )
    site.app |= {"preload": ["helper"], "env": {"PYTHONPATH": "."}} if preload else {}
    for text in ("one", "two"):
        site.repository.push({"helper.py": f"TEXT = {text!r}\n"})
        site.deploy(code)
        assert site.answer() == f"{text} {site.host.home}/app/{site.current()}"


def test_all_hosts_get_the_same_commit(pair: Site) -> None:
    pair.table["parallel"] = 2
    pair.commit(_saying("two"))
    out = pair.pm("deploy", "production").out
    assert {pair.answer(host) for host in pair.hosts} == {"two"}
    assert len({pair.current(host) for host in pair.hosts}) == 1
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["✓", "127.0.0.1:"], ["✓", "127.0.0.2:"],
    ]  # fmt: skip


def test_a_release_that_fails_on_one_host_is_put_back_on_all(pair: Site) -> None:
    before = pair.current()
    pair.table["post-deploy"] = f"test $WEB_PORT = {pair.port}"
    pair.commit(_saying("two"))
    with Load(pair.port) as load:
        result = pair.pm("deploy", "production", code=1)
    assert load.failures == []
    assert load.answers["two"]
    assert [pair.current(host) for host in pair.hosts] == [before, before]
    assert [pair.answer(host) for host in pair.hosts] == ["one", "one"]
    assert f"127.0.0.1: {before.removeprefix('releases/')} is live, as before" in result.out
    assert "127.0.0.2: the hook post-deploy failed: exit code 1" in result.err
    listed = json.loads(pair.pm("deploy", "production", "list", "--json").out)
    assert [len(host["releases"]) for host in listed] == [1, 1]


def test_a_host_that_is_away_stops_the_deploy_before_anything_is_changed(pair: Site) -> None:
    before = pair.current()
    away = list(pair.hosts)[1]
    away.stop()
    pair.commit(_saying("two"))
    result = pair.pm("deploy", "production", code=1)
    assert "127.0.0.2: no connection" in result.err
    assert "Connection refused" in result.err
    assert "127.0.0.1: left as it was" in result.out
    assert pair.current() == before
