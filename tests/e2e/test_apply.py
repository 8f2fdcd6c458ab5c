"""`pm apply` under load: each key changes without a failed request; what is refused, none."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.ports import free_port, is_open
from tests.waiting import until

APPS = Path(__file__).parent / "apps"


class Ecosystem:
    """The file, written anew for each version."""

    def __init__(self, pm: Pm, port: int) -> None:
        self.pm = pm
        self.port = port
        self.file = pm.cwd / "ecosystem.toml"
        script = pm.cwd / "mirror.py"
        shutil.copy(APPS / "mirror.py", script)
        self.web: dict[str, Any] = {
            "name": "web", "script": "mirror.py", "args": [str(port)], "instances": 2,
            "interpreter": sys.executable, "env": {"WORD": "a", "OTHER": "b"},
        }  # fmt: skip

    def write(self, *apps: dict[str, Any]) -> None:
        """Write these apps; a value of TOML that is not nested looks as in JSON."""
        lines: list[str] = []
        for app in apps:
            lines.append("[[apps]]")
            lines += [f"{key} = {json.dumps(v)}" for key, v in app.items() if key != "env"]
            lines.append("[apps.env]")
            lines += [f"{key} = {json.dumps(v)}" for key, v in app.get("env", {}).items()]
        self.file.write_text("\n".join(lines))

    def apply(self, **changes: Any) -> str:
        """Change keys of the app and apply the file; returns the plan."""
        self.web |= changes
        self.write(self.web)
        return self.pm("apply").out

    def seen(self) -> dict[str, Any]:
        """Return what the app says of itself."""
        found: dict[str, Any] = json.loads(Client(self.port).get())
        return found


@pytest.fixture
def ecosystem(pm: Pm, port: int) -> Ecosystem:
    return Ecosystem(pm, port)


def test_every_key_changes_under_load(ecosystem: Ecosystem, pm: Pm, port: int) -> None:
    assert "+ web: new, 2 workers" in ecosystem.apply()
    folder = pm.cwd / "elsewhere"
    folder.mkdir()
    shutil.copy(pm.cwd / "mirror.py", folder / "other.py")
    python = pm.cwd / "python"
    python.symlink_to(sys.executable)
    with Load(port) as load, Load(port, clients=2, keepalive=True) as steady:
        ecosystem.apply(env={"WORD": "c"})
        assert (ecosystem.seen()["word"], ecosystem.seen()["other"]) == ("c", None)
        ecosystem.apply(args=[str(port), "more", "words"])
        assert ecosystem.seen()["words"] == ["more", "words"]
        ecosystem.apply(cwd=str(folder), script=str(folder / "other.py"))
        assert ecosystem.seen()["cwd"] == str(folder)
        assert ecosystem.seen()["script"] == str(folder / "other.py")
        ecosystem.apply(interpreter=str(python), interpreter_args="-O", instances=3)
        assert (ecosystem.seen()["executable"], ecosystem.seen()["optimize"]) == (str(python), 1)
        assert len(pm.pids()) == 3
        ecosystem.apply(
            preload=["decimal"], scheduling="least-connections", queue_depth=8, kill_timeout=3,
            out_file=str(pm.cwd / "web.log"), max_restarts=3, instances=1, namespace="shop",
        )  # fmt: skip
        load.more(100)
    assert load.failures == []
    assert steady.failures == []
    assert pm.app("web")["listeners"][0]["served"] == "least-connections"
    assert pm.app("web")["namespace"] == "shop"
    assert (pm.cwd / "web.log").exists()
    assert len(pm.pids()) == 1
    assert "1 unchanged" in pm("apply").out


def test_scaling_leaves_the_workers_alone(ecosystem: Ecosystem, pm: Pm) -> None:
    ecosystem.apply()
    before = pm.pids()
    assert "~ web: scaled" in ecosystem.apply(instances=3)
    assert pm.pids()[:2] == before
    ecosystem.apply(instances=1)
    assert pm.pids() == before[:1]


def test_an_app_moves_to_another_port(ecosystem: Ecosystem, pm: Pm, port: int) -> None:
    ecosystem.apply(instances=1)
    other = free_port()
    ecosystem.apply(args=[str(other)])
    assert json.loads(Client(other).get())["words"] == []
    until(lambda: not is_open(port), "the old port closed")
    ecosystem.port = other
    ecosystem.apply(exec_mode="fork")
    assert ecosystem.seen()["word"] == "a"
    assert pm.app("web")["listeners"][0]["served"] == "own"
    ecosystem.apply(exec_mode="cluster", instances=2)
    assert pm.app("web")["listeners"][0]["served"] == "round-robin"


def test_what_is_refused_changes_nothing(ecosystem: Ecosystem, pm: Pm, port: int) -> None:
    ecosystem.apply()
    before = pm.pids()
    broken = pm.cwd / "broken.py"
    broken.write_text("import no_such_module\n")
    third = {"name": "third", "script": "sleep 1000"}
    first = {"name": "first", "script": "sleep 1000"}
    pm("start", "sleep 2000", "--name", "third")
    ecosystem.write(first, {**ecosystem.web, "script": str(broken), "instances": 4}, third)
    with Load(port) as load:
        result = pm("apply", code=1)
        load.more(100)
    assert load.failures == []
    assert "no_such_module" in result.err
    assert "applied: first" in result.err
    assert "failed: web" in result.err
    assert "not tried: third" in result.err
    assert pm.pids("web") == before
    assert pm.app("first")["state"] == "online"
    pm("restart", "web")
    assert ecosystem.seen()["script"] == str(pm.cwd / "mirror.py")
    pm.kill_daemon()
    assert ecosystem.seen()["script"] == str(pm.cwd / "mirror.py")
    assert len(pm.pids("web")) == 2
    assert "script: " in pm("diff", code=1).out


def test_a_mode_that_fails_brings_the_old_one_back(ecosystem: Ecosystem, pm: Pm) -> None:
    ecosystem.apply()
    ecosystem.web |= {"exec_mode": "fork", "interpreter_args": "--no-such-option", "instances": 1}
    ecosystem.write(ecosystem.web)
    assert "the old one has been started again" in pm("apply", code=1).err
    assert ecosystem.seen()["word"] == "a"
    assert pm.app("web")["exec_mode"] == "cluster"


def test_prune_removes_what_came_from_the_file(ecosystem: Ecosystem, pm: Pm) -> None:
    pm("start", "sleep 1000", "--name", "typed")
    ecosystem.write(ecosystem.web, {"name": "job", "script": "sleep 1000"})
    pm("apply")
    ecosystem.write(ecosystem.web)
    assert "? job: no longer in the file, and left alone" in pm("apply").out
    assert pm("apply", "--prune", "--only", "web", code=2).err.startswith("error: --prune")
    assert "- job: " in pm("apply", "--prune", "--dry-run", code=2).out
    pm("apply", "--prune")
    assert sorted({worker["name"] for worker in pm.workers()}) == ["typed", "web"]


def test_exit_codes_and_nothing_done_by_looking(ecosystem: Ecosystem, pm: Pm) -> None:
    ecosystem.write(ecosystem.web)
    assert "+ web" in pm("diff", code=1).out
    assert "+ web" in pm("apply", "--dry-run", code=2).out
    assert not (pm.home / "rpc.sock").exists(), "looking starts no daemon"
    pm("apply")
    pm("diff")
    pm("apply", "--dry-run")
    pm("diff", env={"TERM": "another"})
    pm("diff", "--update-env", env={"EXTRA": "1"}, code=1)
    ecosystem.file.write_text("[[apps]]\nscrip = 1\n")
    assert "did you mean `script`?" in pm("apply", "--dry-run", code=1).err
    pm("diff", code=2)
    pm("apply", code=2)


def test_what_was_stopped_is_started_and_new_code_is_loaded(ecosystem: Ecosystem, pm: Pm) -> None:
    ecosystem.apply()
    pm("stop", "web")
    assert "~ web: is down: started" in ecosystem.apply()
    before = set(pm.pids())
    pm("apply", "--reload")
    assert not before & set(pm.pids())


def test_an_export_is_a_file_that_changes_nothing(ecosystem: Ecosystem, pm: Pm) -> None:
    ecosystem.web["env"]["API_TOKEN"] = "s3cret"
    ecosystem.apply(instances=3, kill_timeout=5)
    pm("start", "sleep 1000 | cat", "--name", "typed")
    pm("start", "sleep 1000", "--name", "down")
    pm("stop", "down")
    result = pm("export")
    assert "left out, being stopped: down" in result.err
    assert "API_TOKEN" in result.err
    (pm.cwd / "out.toml").write_text(result.out)
    assert "2 unchanged" in pm("apply", "out.toml", "--dry-run").out
    pm("export", "web", "-o", "web.toml")
    assert (pm.cwd / "web.toml").stat().st_mode & 0o777 == 0o600
    pm("export", "web", "-o", "web.toml", code=1)
    pm("delete", "all")
    pm("apply", "web.toml")
    assert ecosystem.seen()["word"] == "a"
    assert len(pm.pids("web")) == 3


def test_a_change_ends_without_the_daemon_that_began_it(
    ecosystem: Ecosystem, pm: Pm, port: int
) -> None:
    ecosystem.apply()
    gate = pm.cwd / "gate"
    ecosystem.web["env"] = {"WORD": "new", "GATE": str(gate)}
    ecosystem.write(ecosystem.web)
    with Load(port) as load:
        applying = pm.popen("apply")
        until(lambda: pm.app("web")["generation"] == 1 and _begun(pm), "the reload under way")
        pm.kill_daemon()
        _, said = applying.communicate(timeout=20)
        assert "the daemon went away before it answered" in said
        assert '"WORD":"a"' in pm("env", "web", "--json").out, "the old one serves still"
        gate.touch()
        until(lambda: '"WORD":"new"' in pm("env", "web", "--json").out, "the new one is kept")
        load.more(50)
    assert load.failures == []
    assert ecosystem.seen()["word"] == "new"
    pm("diff")


def _begun(pm: Pm) -> bool:
    return "generation 2 begins" in (pm.home / "pm.log").read_text()


def test_an_interrupt_says_what_was_not_tried(ecosystem: Ecosystem, pm: Pm) -> None:
    mail = {"name": "mail", "script": "sleep 1000"}
    ecosystem.write(ecosystem.web, mail)
    pm("apply")
    gate = pm.cwd / "gate"
    ecosystem.web["env"] = {"GATE": str(gate)}
    ecosystem.write(ecosystem.web, {**mail, "kill_timeout": 3})
    applying = pm.popen("apply")
    until(lambda: _begun(pm), "the reload under way")
    applying.send_signal(signal.SIGINT)
    _, said = applying.communicate(timeout=20)
    assert applying.returncode == 130
    assert "not tried: mail" in said
    gate.touch()
    pm("diff", "--only", "mail", code=1)
    pm("apply")
    pm("diff")
