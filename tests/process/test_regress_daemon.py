"""Faults of the daemon that showed when one side was held up between two of its steps."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from daemon.masters.process import start_time
from pm import api
from tests.ports import free_port

from .daemon_fakes.harness import Daemon, spec, wait_for
from .test_daemon_life import end

pytestmark = pytest.mark.slow


def kill_master(daemon: Daemon, name: str) -> int:
    """Kill an app's master; returns its pid."""
    pid = daemon.app(name).master_pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: daemon.app(name).master_pid != pid, "the death noticed")
    return pid


def kill_master_and_the_next(daemon: Daemon, name: str) -> None:
    """Leave an app whose next master comes after FIRST_DELAY."""
    first = kill_master(daemon, name)
    wait_for(lambda: daemon.app(name).master_pid not in (0, first), "another master")
    kill_master(daemon, name)


def test_a_recovery_that_comes_late_leaves_the_next_app_of_that_name_alone(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_DELAY", "1")
    daemon = Daemon(home)
    daemon.ask(api.Start((spec("web"), spec("later"))))
    kill_master_and_the_next(daemon, "web")
    daemon.do(api.Delete(("web",)))
    daemon.do(api.Start((spec("web"),)))
    before = daemon.app("web")
    kill_master_and_the_next(daemon, "later")
    wait_for(lambda: daemon.app("later").master_pid, "the recovery of what died later")
    assert all(start_time(worker.pid) for worker in before.workers)
    assert os.path.exists(f"{home}/run/web.json")
    end(daemon)


def test_a_job_whose_run_ends_as_it_is_deleted_does_not_come_back(home: str) -> None:
    first = Daemon(home)
    job = replace(spec("job", 1, FAKE="over"), cron="0 0 1 1 *")
    first.do(api.Start((job,)))
    first.do(api.Restart(("job",)))
    assert first.do(api.Delete(("job",))) == "deleted"
    assert first.ask(api.List()).apps == ()
    first.kill()
    second = Daemon(home)
    assert second.ask(api.List()).apps == ()
    end(second)


def test_a_job_whose_running_slot_is_deleted_runs_no_longer(home: str) -> None:
    daemon = Daemon(home)
    daemon.do(api.Start((replace(spec("job"), cron="0 0 1 1 *"),)))
    daemon.do(api.Restart(("job",)))
    daemon.do(api.Stop(("job:1",)))
    daemon.do(api.Delete(("job:0",)))
    cron = daemon.app("job").cron
    assert cron is not None
    assert cron.last is not None
    assert (cron.running, cron.last.reason) == (0.0, "stopped")
    end(daemon)


def test_a_successor_that_has_not_written_its_run_file_yet_is_found_too(home: str) -> None:
    first = Daemon(home)
    first.do(api.Start((spec(FAKE="heir", FAKE_PORT=str(free_port())),)))
    dead = kill_master(first, "web")
    heir = wait_for(
        lambda: app.master_pid if (app := first.app("web")).listeners else 0, "a successor"
    )
    assert heir != dead
    first.kill()
    second = Daemon(home)
    assert second.app("web").master_pid == heir
    end(second)
