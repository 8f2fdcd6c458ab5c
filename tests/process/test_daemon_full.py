"""A daemon that can write to no file any more, as with a full disk: what ends an app still works.

The limit on the size of files stands in for the disk: a write over it fails as on a full one.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from daemon.masters.process import start_time
from pm import api

from .daemon_fakes.harness import HERE, PATIENCE, Daemon, spec

pytestmark = pytest.mark.slow


def fill_up(daemon: Daemon) -> None:
    _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, hard))


def make_room(daemon: Daemon) -> None:
    _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_stop_and_delete_act_first_and_then_say_what_is_not_written(home: str) -> None:
    daemon = Daemon(home)
    daemon.ask(api.Start((spec("a"), spec("b"), spec("c", 3))))
    pids = daemon.pids("a") + daemon.pids("b")
    last = daemon.pids("c")[2]
    fill_up(daemon)
    stopped = daemon.do(api.Stop(("a",)))
    assert stopped.startswith("stopped, 2 workers; cannot write")
    assert "state.db" in stopped
    assert stopped.endswith("so the next daemon would start it again")
    assert daemon.do(api.Delete(("b",))).startswith("deleted; cannot write")
    assert daemon.do(api.Delete((str(daemon.app("c").workers[2].id),))).startswith("deleted, 1")
    assert not any(map(start_time, [*pids, last]))
    assert "cannot write" in daemon.do(api.Start((spec("d"),))), "a start must be written down"
    make_room(daemon)
    daemon.do(api.Resume(("c",)))
    daemon.do(api.Stop(("0",)))
    daemon.do(api.Start((spec("e"),)))
    daemon.kill()
    again = Daemon(home)
    assert [app.name for app in again.ask(api.List()).apps] == ["a", "c", "e"], "caught up"
    assert (again.pids("a"), len(again.pids("c"))) == ([0, 0], 2)
    again.ask(api.Kill())
    again.close()


def test_kill_stops_the_apps_although_nothing_can_be_saved(home: str) -> None:
    daemon = Daemon(home)
    daemon.ask(api.Start((spec("a"), spec("b"))))
    pids = daemon.pids("a") + daemon.pids("b")
    fill_up(daemon)
    outcomes = daemon.ask(api.Kill()).outcomes
    assert all("dump.json: File too large" in outcome.done for outcome in outcomes)
    assert all("`pm resurrect` will not find it" in outcome.done for outcome in outcomes)
    daemon.close()
    assert daemon.process.returncode == 0
    assert not any(map(start_time, pids))
    assert os.listdir(f"{home}/run") == []
    assert not os.path.exists(f"{home}/dump.json.new")


def test_a_restart_works_with_a_full_disk(home: str) -> None:
    daemon = Daemon(home)
    daemon.ask(api.Start((spec(instances=1),)))
    fill_up(daemon)
    assert daemon.do(api.Restart(("web",))).startswith("restarted")
    make_room(daemon)
    daemon.ask(api.Kill())
    daemon.close()


def test_a_first_start_on_a_full_disk_says_so_to_whoever_waits(home: str) -> None:
    reading, writing = os.pipe()
    script = os.path.join(HERE, "run_daemon.py")
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, script],
        env={**os.environ, "PM_HOME": home, "PM_READY_FD": str(writing)},
        pass_fds=(writing,), timeout=PATIENCE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    with open(reading, "rb") as pipe:
        error = json.loads(pipe.read())["error"]
    assert done.returncode == 1
    assert "state.db" in error["message"]
    assert "disk has space" in error["hint"]
    assert "Traceback" not in done.stderr
