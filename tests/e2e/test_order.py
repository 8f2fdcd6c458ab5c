"""Apps that depend on each other: started in order, stopped in reverse, over daemons too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fifos import open_once_read
from tests.pm_command import Pm, Result
from tests.waiting import until

STEPS = Path(__file__).parent / "apps" / "steps.py"

FILE = """
[defaults]
script = "{steps}"
wait_ready = true

[[apps]]
name = "web"
args = ["web", "{folder}"]
depends_on = ["db", {{app = "migrate", condition = "completed"}}]

[[apps]]
name = "migrate"
args = ["migrate", "{folder}", "job"]
autorestart = false
wait_ready = false
depends_on = {{db = "started"}}

[[apps]]
name = "db"
args = ["db", "{folder}"]
"""


class Stage:
    """The file with its apps, and what they have noted."""

    def __init__(self, pm: Pm, folder: Path) -> None:
        self.pm = pm
        self.folder = folder
        self.file = folder / "ecosystem.toml"
        self.file.write_text(FILE.format(steps=STEPS, folder=folder))

    def hold(self, *names: str) -> None:
        """Let these apps wait to be told how they end."""
        for name in names:
            os.mkfifo(self.folder / name)

    def release(self, name: str, code: int = 0) -> None:
        """Let an app go on, now and when it is started again."""
        gate = self.folder / name
        with open(open_once_read(gate), "w") as fifo:
            gate.unlink()
            fifo.write(str(code))

    def noted(self, *texts: str) -> None:
        """Wait for notes; exactly these, in this order."""
        until(lambda: self.notes == list(texts), f"noted {texts}")

    @property
    def notes(self) -> list[str]:
        """What the apps have noted since the notes were cleared."""
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def clear(self) -> None:
        """Begin anew with the notes."""
        (self.folder / "notes").unlink()

    def waits(self, app: str) -> list[str]:
        """Return which apps one waits for."""
        found: list[str] = self.pm.app(app)["waits_for"]
        return found


@pytest.fixture
def stage(pm: Pm, tmp_path: Path) -> Stage:
    """Three apps that are not started yet."""
    return Stage(pm, tmp_path)


def finish(stage: Stage, *command: object, code: int = 0) -> Result:
    """Run a command while migrate waits to be told its exit code."""
    stage.hold("migrate")
    child = stage.pm.popen(*command)
    stage.release("migrate", code)
    out, err = child.communicate(timeout=60)
    return Result(child.returncode, out, err)


def test_in_order_up_and_in_reverse_down(stage: Stage) -> None:
    pm = stage.pm
    stage.hold("db", "migrate")
    child = pm.popen("start", stage.file)
    stage.noted("begin db", "begin migrate")
    assert stage.waits("web") == ["db", "migrate"]
    stage.release("db")
    until(lambda: stage.waits("web") == ["migrate"], "web waits for the job alone")
    assert "waiting for migrate" in pm("list").out
    assert "waiting for `migrate` to be completed" in pm("describe", "web").out
    stage.release("migrate")
    out, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    assert "migrate: completed" in out
    stage.noted("begin db", "begin migrate", "end migrate", "begin web")
    stage.clear()
    assert "`web` depends on it and still runs" in pm("stop", "db").out
    pm("start", "web")
    pm("stop", "all")
    stage.noted("end db", "begin db", "end web", "end db")
    stage.clear()
    assert "db: started" in pm("start", "web").out, "with what it needs; the job is done already"
    stage.noted("begin db", "begin web")


def test_a_job_that_fails_leaves_the_rest_as_it_is(stage: Stage) -> None:
    pm = stage.pm
    failed = finish(stage, "start", stage.file, code=3)
    assert failed.code == 1
    assert "migrate has failed" in failed.err
    assert "web: not started: it depends on `migrate`, which failed: exit code" in failed.err
    assert "begin web" not in stage.notes
    assert "errored" in pm("list").out
    assert finish(stage, "start", "web").code == 0, "tried again with what it needs"
    pids = pm.pids("web")
    failed = finish(stage, "reload", "all", code=3)
    assert failed.code == 1
    assert "web: not reloaded" in failed.err
    failed = finish(stage, "restart", stage.file, code=3)
    assert "web: not restarted: it depends on `migrate`, which failed" in failed.err
    assert (pm.pids("web"), pm.states("web")) == (pids, ["online"]), "the old one stays"
    assert finish(stage, "reload", "all").code == 0
    assert pm.pids("web") != pids


def test_the_order_outlives_the_daemon(stage: Stage) -> None:
    pm = stage.pm
    stage.hold("migrate")
    child = pm.popen("start", stage.file)
    until(lambda: "begin migrate" in stage.notes, "the job")
    pm.kill_daemon()
    child.communicate(timeout=30)
    until(lambda: stage.waits("web") == ["migrate"], "the next daemon waits for the same")
    stage.release("migrate")
    until(lambda: pm.states("web") == ["online"], "web")
    pm("save")
    stage.clear()
    pm("kill")
    assert stage.notes == ["end web", "end db"]
    stage.clear()
    pm("resurrect")
    assert stage.notes == ["begin db", "begin migrate", "end migrate", "begin web"]


def test_what_could_never_start_is_refused(stage: Stage) -> None:
    text = stage.file.read_text()
    stage.file.write_text(text + 'depends_on = ["web"]\n')
    refused = stage.pm("start", stage.file, code=2)
    assert "wait for each other: web -> db -> web" in refused.err
    stage.file.write_text(text.replace('"migrate", cond', '"migrat", cond'))
    refused = stage.pm("start", stage.file, code=2)
    assert "no app is named `migrat`; did you mean `migrate`?" in refused.err
    assert stage.pm.workers() == []


def test_a_wrong_order_is_told_with_all_that_is_wrong_in_the_file(stage: Stage) -> None:
    text = stage.file.read_text()
    stage.file.write_text(text.replace('"migrate", cond', '"migrat", cond') + "colour = 1\n")
    commands = {"start": 2, "apply": 2, "apply --dry-run": 1, "diff": 2}
    for command, code in commands.items():
        refused = stage.pm(*command.split(), stage.file, code=code)
        assert "is wrong in 2 places" in refused.err, command
        assert "[[apps]] 1 (web): depends_on: no app is named `migrat`; did you" in refused.err
        assert "[[apps]] 3 (db): unknown key `colour`" in refused.err
    assert not (stage.pm.home / "rpc.sock").exists(), "no daemon was started for it"


def test_what_the_file_has_not_may_be_in_the_list(stage: Stage) -> None:
    pm = stage.pm
    other = stage.folder / "other.toml"
    table = '[[apps]]\nname = "other"\nscript = "{}"\nargs = ["other", "{}"]\ndepends_on = "db"\n'
    other.write_text(table.format(STEPS, stage.folder))
    refused = pm("diff", other, code=2)
    assert "[[apps]] 1 (other): depends_on: no app is named `db`" in refused.err
    pm("start", stage.file, "--only", "db")
    assert "+ other: new" in pm("diff", other, code=1).out
    pm("start", other)
    assert pm.states("other") == ["online"]
    refused = pm("start", stage.file, "--only", "web", code=2)
    assert "`migrate` is not in the list, and --only leaves it out" in refused.err
