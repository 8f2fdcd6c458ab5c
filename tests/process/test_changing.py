"""A daemon is given other specs for apps that run: what is refused is not kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from daemon.records.store import Store
from pm import api
from pm.changes import Need
from pm.errors import NotFound
from pm.model import AppSpec, Mode
from pm.record import replace

from .daemon_fakes.harness import Daemon, spec, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(home: str) -> Iterator[Daemon]:
    daemon = Daemon(home)
    yield daemon
    daemon.ask(api.Kill())
    daemon.close()


def kept(daemon: Daemon, name: str = "web") -> AppSpec:
    """Return the spec that the daemon has of an app."""
    (detail,) = daemon.ask(api.Describe((name,))).details
    return detail.spec


def change(daemon: Daemon, new: AppSpec, least: Need = Need.NOTHING) -> str:
    return daemon.do(api.Change((new,), least))


def test_each_need_is_done_and_no_more(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    pids = daemon.pids("web")
    assert change(daemon, spec()) == "unchanged"
    listed = replace(spec(), namespace="shop", source="/x.toml")
    assert change(daemon, listed) == "noted"
    assert daemon.app("web").namespace == "shop"
    more = replace(listed, instances=3)
    assert change(daemon, more) == "scaled, 3 sleepers, 2 workers before"
    assert daemon.pids("web")[:2] == pids
    new = replace(more, env={"A": "1"}, env_set=("A",))
    assert change(daemon, new).startswith("reloaded")
    assert not set(daemon.pids("web")) & set(pids)
    assert kept(daemon) == new
    pids = daemon.pids("web")
    assert change(daemon, new, Need.RELOAD).startswith("reloaded")
    assert not set(daemon.pids("web")) & set(pids)
    assert change(daemon, new, Need.RESTART).startswith("restarted")


def test_a_reload_adds_and_removes_workers_in_one_go(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    change(daemon, replace(spec(), instances=4, args=("a",)))
    ids = [worker.id for worker in daemon.app("web").workers]
    assert ids == [0, 1, 2, 3]
    change(daemon, replace(spec(), instances=1, args=("b",)))
    assert [worker.id for worker in daemon.app("web").workers] == [0]
    assert kept(daemon).instances == 1


def test_a_restart_with_fewer_workers_leaves_none_of_the_old(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    change(daemon, replace(spec(), instances=1), Need.RESTART)
    assert [worker.id for worker in daemon.app("web").workers] == [0]


def test_the_source_of_what_is_unchanged_is_taken_over(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    assert change(daemon, replace(spec(), source="/x.toml")) == "unchanged"
    assert kept(daemon).source == "/x.toml"


def test_what_was_refused_is_not_kept(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    pids = daemon.pids("web")
    new = replace(spec(REFUSE="1"), env_set=("REFUSE",), instances=5)
    assert change(daemon, new) == "reload refused: as asked"
    assert daemon.pids("web") == pids
    assert kept(daemon) == spec()
    refused = daemon.do(api.Reload(("web",), env={"REFUSE": "1"}))
    assert refused == "reload refused: as asked"
    assert kept(daemon) == spec(), "an environment that was refused is not kept either"


def test_a_restart_that_fails_brings_the_old_one_back(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    new = replace(spec(FAKE="fail"), exec_mode=Mode.FORK)
    assert change(daemon, new) == "restart refused: the app did not start"
    assert [worker.state.value for worker in daemon.app("web").workers] == ["online"] * 2
    assert kept(daemon) == spec()


def test_what_is_down_is_started(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    daemon.do(api.Stop(("web",)))
    assert change(daemon, spec()).startswith("started")
    daemon.do(api.Stop(("web",)))
    new = replace(spec(), args=("new",))
    assert change(daemon, new).startswith("started")
    assert kept(daemon) == new


def test_nobody_is_told_of(daemon: Daemon) -> None:
    with pytest.raises(NotFound, match="no app is named `web`"):
        daemon.ask(api.Change((spec(),)))


def test_the_next_daemon_keeps_what_the_master_runs(home: str) -> None:
    first = Daemon(home)
    first.ask(api.Start((spec(),)))
    pid = first.app("web").master_pid
    new = replace(spec(), args=("new",))
    assert change(first, new).startswith("reloaded")
    first.kill()
    store = Store(f"{home}/state.db")  # as if it had died before it could write the new one down
    (record,), next_id = store.load()
    store.put([replace(record, spec=spec())], next_id)
    store.close()
    second = Daemon(home)
    assert second.app("web").master_pid == pid
    assert kept(second) == new
    second.ask(api.Kill())
    second.close()


def test_a_worker_stopped_by_hand_stays_so_if_nothing_changes(daemon: Daemon) -> None:
    daemon.ask(api.Start((spec(),)))
    daemon.do(api.Stop(("1",)))
    assert change(daemon, spec()) == "unchanged"
    assert [worker.state.value for worker in daemon.app("web").workers] == ["online", "stopped"]
    assert change(daemon, replace(spec(), args=("new",))).startswith("reloaded")
    assert [worker.state.value for worker in daemon.app("web").workers] == ["online", "online"]


def kill_master(daemon: Daemon) -> None:
    """Kill the next living master, and wait until the daemon knows."""
    pid = wait_for(lambda: daemon.app("web").master_pid, "a master")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: daemon.app("web").master_pid != pid, "its end")


def test_between_two_masters_the_next_one_is_of_the_new_spec(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_DELAY", "1000")
    first = Daemon(home)
    first.ask(api.Start((spec(),)))
    for _ in range(2):  # so that there is some time before the next one
        kill_master(first)
    new = replace(spec(), args=("new",))
    assert "sleepers" in change(first, new)
    first.kill()
    second = Daemon(home)  # it asks the master what it runs
    assert kept(second) == new
    second.ask(api.Kill())
    second.close()
