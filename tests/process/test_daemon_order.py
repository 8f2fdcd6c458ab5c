"""The daemon with fake masters: apps that wait for others, and what becomes of the waiting."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

import pytest
import zmq

from pm import api
from pm.dependency import Condition, Dependency
from pm.model import AppSpec, State

from .daemon_fakes.harness import Daemon, spec, wait_for
from .test_daemon_life import daemon, end

__all__ = ["daemon"]

pytestmark = pytest.mark.slow


def needing(name: str, *needs: str, **env: str) -> AppSpec:
    depends_on = tuple(Dependency(need) for need in needs)
    return replace(spec(name, 1, **env), depends_on=depends_on)


def messages(daemon: Daemon, sock: zmq.Socket[bytes]) -> dict[str, str]:
    """Wait for the answer to a request; returns what was done, or why not, by app."""
    body: Any = daemon.receive(sock).body
    outcomes = body["outcomes"]
    return {one["app"]: one["done"] or one["error"]["message"] for one in outcomes}


def waits(daemon: Daemon, name: str, *others: str) -> None:
    """Wait until an app waits for exactly these."""
    wait_for(
        lambda: [a.waits_for for a in daemon.ask(api.List()).apps if a.name == name] == [others],
        f"{name} waits for {others}",
    )


def test_a_stop_ends_the_waiting(daemon: Daemon) -> None:
    both = daemon.send(api.Start((needing("web", "db"), spec("db", 1, FAKE="hang"))))
    waits(daemon, "web", "db")
    web = daemon.app("web")
    assert (web.state, web.reason) == (State.LAUNCHING, "waiting for `db` to be ready")
    assert daemon.do(api.Stop(("web",))) == "stopped, 1 worker"
    assert daemon.app("web").state is State.STOPPED
    daemon.do(api.Stop(("db",)))
    ends = messages(daemon, both)
    assert ends["web"] == "`start` of `web` was superseded by `stop`"


def test_who_waits_in_another_request_learns_that_it_is_in_vain(daemon: Daemon) -> None:
    db = daemon.send(api.Start((spec("db", 1, FAKE="hang"),)))
    wait_for(lambda: daemon.ask(api.List()).apps, "db in the list")
    web = daemon.send(api.Start((needing("web", "api"), needing("api", "db"))))
    waits(daemon, "api", "db")
    assert daemon.do(api.Stop(("db",))) == "stopped, 1 worker"
    messages(daemon, db)
    said = messages(daemon, web)
    assert said["api"] == "not started: it depends on `db`, which is stopped"
    assert said["web"] == "not started: it depends on `api`, which was not started"
    assert daemon.app("web").state is State.ERRORED


def test_all_that_starts_in_vain_is_said_where_nobody_asked(home: str) -> None:
    first = Daemon(home)
    waiting = (needing("web", "api"), needing("api", "db"), spec("db", 1, FAKE="hang"))
    with first.send(api.Start(waiting)):
        waits(first, "web", "api")
        first.kill()
    second = Daemon(home)
    waits(second, "web", "api")
    assert second.do(api.Stop(("db",))).startswith("stopped")
    wait_for(lambda: second.app("web").state is State.ERRORED, "web given up")
    assert "`api`, which is errored: not started: it depends on `db`" in second.app("web").reason
    end(second)


def test_a_daemon_that_ends_keeps_nobody_waiting(home: str) -> None:
    first = Daemon(home)
    both = first.send(api.Start((needing("web", "db"), spec("db", 1, FAKE="hang"))))
    waits(first, "web", "db")
    os.kill(first.process.pid, signal.SIGTERM)
    assert set(messages(first, both).values()) == {"the daemon ended before this was done"}
    first.close()
    second = Daemon(home)
    waits(second, "web", "db")
    end(second)


def test_one_slot_can_be_stopped_beside_what_the_app_needs(daemon: Daemon) -> None:
    web = replace(needing("web", "db"), instances=2)
    daemon.ask(api.Start((web, spec("db", 1))))
    report = daemon.ask(api.Stop(("web:1", "db"))).outcomes
    assert [o.done for o in report] == [
        "stopped, 1 worker", "stopped, 1 worker; `web` depends on it and still runs",
    ]  # fmt: skip
    daemon.ask(api.Scale("web", "3"))
    assert [w.state for w in daemon.app("web").workers].count(State.ONLINE) == 2
    assert daemon.app("db").state is State.STOPPED, "what runs needs no others"


def test_what_has_been_deleted_is_missed_when_it_is_needed(daemon: Daemon) -> None:
    daemon.ask(api.Start((needing("web", "db"), spec("db", 1))))
    assert daemon.do(api.Delete(("db",))) == "deleted; `web` depends on it"
    daemon.do(api.Stop(("web",)))
    assert daemon.do(api.Resume(("web",))).endswith("`db`, which is not in the list")


def test_what_has_no_process_yet_is_waited_for(daemon: Daemon) -> None:
    web = replace(spec("web", 1), depends_on=(Dependency("db", Condition.STARTED),))
    both = daemon.send(api.Start((web, spec("db", 1, FAKE="hang"))))
    waits(daemon, "web", "db")
    daemon.do(api.Stop(("db",)))
    assert "which failed" in messages(daemon, both)["web"]
