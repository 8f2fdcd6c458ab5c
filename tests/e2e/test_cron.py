"""Reloads and runs by the clock, on real processes: each second, that is six fields."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.waiting import until

pytestmark = pytest.mark.slow
APPS = Path(__file__).parent / "apps"
EACH_SECOND = "* * * * * *"
NEVER_NOW = "0 3 29 2 *"


def cron(pm: Pm, name: str = "job") -> dict[str, Any]:
    """Return what is shown of an app's schedule."""
    found: dict[str, Any] = pm.app(name)["cron"]
    return found


def runs(pm: Pm, name: str = "job") -> int:
    """Return how many times a job has said that it runs."""
    log = pm.home / "logs" / f"{name}-out.log"
    return log.read_text().count("runs\n") if log.exists() else 0


def start_job(pm: Pm, pattern: str, *arguments: object) -> str:
    """Start a job; returns what is said."""
    return pm("start", APPS / "job.py", "-n", "job", "--cron-job", pattern, "--", *arguments).out


def test_cron_restart_reloads_without_a_gap(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-n", "web", "--cron-restart", "*/2 * * * * *", "--", port)
    first = pm.pids()
    with Load(port) as load:
        until(lambda: pm.states() == ["online"] and pm.pids() != first, "reloaded")
        load.more(20)
    assert load.failures == []
    pm("stop", "web")
    assert cron(pm, "web")["next_at"] == 0
    assert pm.states() == ["stopped"]
    pm("start", "web")
    assert cron(pm, "web")["next_at"] > 0
    until(lambda: int(Client(port).get()) in pm.pids(), "it serves, two reloads apart")


def test_pm2s_way_of_a_job_an_app_that_has_ended_is_started_again(pm: Pm) -> None:
    pm(
        "start", APPS / "job.py", "-n", "job", "-c", EACH_SECOND, "--no-autorestart", "--", 0
    )  # fmt: skip
    until(lambda: runs(pm) >= 3, "three runs")


def test_a_job_waits_runs_and_shows_its_result(pm: Pm) -> None:
    assert "✓ job: waits for 20" in start_job(pm, EACH_SECOND, 3)
    until(lambda: cron(pm)["last"], "a first result")
    assert cron(pm)["last"]["code"] == 3
    until(lambda: runs(pm) >= 2, "a second run")
    shown = pm("describe", "job").out
    assert "exit code 3 after" in shown
    assert "the run ended: exit code 3" in shown
    pm("stop", "job")
    ended, pid = runs(pm), pm.app("job")["master_pid"]
    assert (pm.states(), pid) == (["stopped"], 0)
    assert runs(pm) == ended
    pm("start", "job")
    until(lambda: runs(pm) > ended, "scheduled again")


def test_a_job_runs_by_hand_and_only_if_it_is_meant(pm: Pm) -> None:
    start_job(pm, NEVER_NOW, 0)
    assert runs(pm) == 0
    assert "waits for" in pm("restart", "all").out
    assert "waits for" in pm("reload", "job").out
    assert "waits for" in pm("start", "job").out
    assert runs(pm) == 0
    assert "ran, exit code 0 after" in pm("restart", "job").out
    assert (runs(pm), pm.states()) == (1, ["scheduled"])
    (entry,) = pm.workers("job")
    assert entry["pm"]["cron"]["last"]["code"] == 0
    assert entry["pm2_env"]["cron_restart"] == NEVER_NOW


def test_runs_do_not_overlap(pm: Pm, tmp_path: Path) -> None:
    go = tmp_path / "go"
    start_job(pm, EACH_SECOND, 0, go)
    until(lambda: cron(pm)["skipped"] >= 2, "runs refused")
    assert runs(pm) == 1
    assert "is still under way" in pm("describe", "job").out
    assert "skipped" in pm("list").out
    go.touch()
    until(lambda: cron(pm)["last"], "the run has ended")
    until(lambda: runs(pm) >= 2, "the next one is not refused")


def test_a_run_and_its_schedule_outlive_the_daemon(pm: Pm, tmp_path: Path) -> None:
    go = tmp_path / "go"
    start_job(pm, EACH_SECOND, 5, go)
    until(lambda: runs(pm) == 1, "a run")
    pm.kill_daemon()
    pm("list")
    assert runs(pm) == 1
    assert cron(pm)["running"] > 0
    go.touch()
    until(lambda: cron(pm)["last"], "the run has ended")
    assert cron(pm)["last"]["code"] == 5
    until(lambda: runs(pm) >= 2, "the next run")


def test_a_run_that_ends_while_there_is_no_daemon(pm: Pm, tmp_path: Path) -> None:
    go = tmp_path / "go"
    start_job(pm, NEVER_NOW, 5, go)
    child = pm.popen("restart", "job")
    until(lambda: runs(pm) == 1, "a run")
    child.communicate(timeout=30)
    pm.kill_daemon()
    (worker,) = (int(p) for p in pids_of(pm))
    go.touch()
    until(lambda: not os.path.exists(f"/proc/{worker}"), "its end")
    pm("list")
    until(lambda: cron(pm)["last"], "its result")
    assert (cron(pm)["last"]["code"], pm.states(), runs(pm)) == (5, ["scheduled"], 1)


def pids_of(pm: Pm) -> list[str]:
    """Return the pids of the job's workers, asked of the run file: there may be no daemon."""
    run = json.loads((pm.home / "run" / "job.json").read_text())
    return [worker["pid"] for worker in run["workers"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cron-restart", "61 * * * *"), "'61 * * * *' is no schedule: Bad minute"),
        (("--cron-job", "soon"), "'soon' is no schedule"),
        (("--cron-job", "@daily", "-c", "@daily"), "either started or reloaded by the clock"),
        (("--cron-job", "@daily", "--timezone", "Mars"), "'Mars' is not known here"),
    ],
)
def test_what_cannot_be_is_refused(pm: Pm, options: tuple[str, ...], said: str) -> None:
    result = pm("start", APPS / "job.py", *options, code=2)
    assert said in result.err
    assert "hint: " in result.err


def test_the_keys_of_files(pm: Pm, tmp_path: Path) -> None:
    script = str(APPS / "job.py")
    (tmp_path / "ecosystem.toml").write_text(
        f'[[apps]]\nname = "ours"\nscript = {script!r}\nargs = ["0", "go"]\n'
        'cron = "@yearly"\n'
        'timezone = "Europe/Berlin"\n'
    )
    theirs = {"name": "theirs", "script": script, "args": "0", "autorestart": False}
    (tmp_path / "pm2.json").write_text(json.dumps({"apps": [{**theirs, "cron": "@yearly"}]}))
    pm("start", "ecosystem.toml")
    pm("start", "pm2.json")
    assert (cron(pm, "ours")["job"], cron(pm, "theirs")["job"]) == (True, False)
    assert cron(pm, "ours")["timezone"] == "Europe/Berlin"
    assert (runs(pm, "ours"), runs(pm, "theirs")) == (0, 1)
    pm("restart", "ours")
    assert pm.states("ours") == ["online"]
    pm("apply", "ecosystem.toml", "--dry-run", code=0)  # a run under way is no difference


def test_a_run_whose_needs_are_not_met_does_not_begin(pm: Pm, port: int) -> None:
    pm("start", APPS / "threaded.py", "-n", "web", "--", port)
    pm(
        "start", APPS / "job.py", "-n", "job", "--cron-job", EACH_SECOND, "--depends-on", "web",
        "--", 0,
    )  # fmt: skip
    until(lambda: cron(pm)["last"], "a run that has ended")
    pm("stop", "web")
    until(lambda: "did not begin" in cron(pm)["last"]["reason"], "a run that did not begin")
    assert "`web`, which is stopped" in cron(pm)["last"]["reason"]
    assert pm.states("job") == ["scheduled"]
    count = runs(pm)
    pm("start", "web")
    until(lambda: runs(pm) > count, "the next run begins")


def test_a_job_is_stopped_deleted_and_resurrected(pm: Pm, tmp_path: Path) -> None:
    start_job(pm, NEVER_NOW, 0, tmp_path / "go")
    pm("save")
    pm("restart", "job")
    until(lambda: runs(pm) == 1, "a run")
    assert pm.states() == ["online"]
    pm("stop", "job")
    assert cron(pm)["last"]["reason"] == "stopped"
    assert cron(pm)["running"] == 0
    pm("delete", "job")
    pm("resurrect")
    assert (pm.states(), runs(pm)) == (["scheduled"], 1)
