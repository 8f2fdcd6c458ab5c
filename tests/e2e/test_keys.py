"""Each key of an ecosystem file, by its effect on a real process.

All apps are started once, from one file: `@shows` says what stands in it, and the function what is
to be seen then. Keys whose tests need a stage of their own are named in ELSEWHERE.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.ecosystem.keys import KEYS
from pm.home import file_name
from pm.model import AppSpec
from tests.load import Client
from tests.pm_command import Pm
from tests.ports import free_port, is_open
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "keyed.py"
FILES = {
    "preloaded.py": "import os\nPID = os.getpid()\n",
    "vars.env": "FROM_FILE='a b'\nBOTH=file\n",
    "hello.py": "def app(environ, start):\n    start('200 OK', [])\n    return [b'hello']\n",
}

ELSEWHERE = {
    "depends_on": "tests/e2e/test_order.py",
    "listen": "tests/process/test_activation.py",
    "queue_depth": "tests/process/test_queue_depth.py",
    "ports": "tests/process/test_privileges.py",
    "user": "tests/process/test_privileges.py",
    "group": "tests/process/test_privileges.py",
    "max_memory_restart": "tests/process/test_memory.py",
    "append_env_to_name": "tests/e2e/test_limits.py",
    "autostart": "tests/e2e/test_limits.py",
    "increment_var": "tests/process/test_pm2_keys.py",
    "shutdown_with_message": "tests/process/test_pm2_keys.py",
    "log_date_format": "tests/process/test_log_style.py",
    "log_type": "tests/process/test_log_style.py",
    "time": "tests/e2e/test_limits.py",
    "log_rotate": "tests/e2e/test_limits.py",
    "watch": "tests/e2e/test_watch.py",
    "ignore_watch": "tests/e2e/test_watch.py",
    "watch_delay": "tests/e2e/test_watch.py",
    "cron_restart": "tests/e2e/test_cron.py",
    "cron": "tests/e2e/test_cron.py",
    "timezone": "tests/e2e/test_cron.py",
}
"""Keys whose effect another file of tests shows; it has to name them, or their option.

tests/unit/test_cli_schema.py holds that no key is forgotten.
"""


@dataclass(frozen=True)
class Stage:
    """The running apps; each has the name of the key it shows, and a port if it asked for one."""

    pm: Pm
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)

    def facts(self, name: str) -> dict[str, Any]:
        """Return what the app's last worker has told of itself."""
        path = self.pm.home / "logs" / f"{file_name(name)}-out.log"
        lines = [line for line in path.read_text().splitlines() if line.startswith("{")]
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def environ(self, name: str) -> dict[str, str]:
        """Return its environment."""
        found: dict[str, str] = self.facts(name)["environ"]
        return found

    def worker(self, name: str) -> dict[str, Any]:
        """Return the view of the app's first worker."""
        found: dict[str, Any] = self.pm.app(name)["workers"][0]
        return found

    def logs(self, pattern: str) -> list[Path]:
        """Return the files in the folder of logs."""
        return sorted((self.pm.home / "logs").glob(pattern))

    def watched(self, name: str) -> None:
        """Wait until the app's folders are looked into."""
        until(lambda: (self.pm.app(name)["watch"] or {}).get("folders"), "it is watched")


Check = Callable[[Stage], None]
CHECKS: dict[str, Check] = {}
TABLES: dict[str, str] = {}


def shows(key: str, *lines: str) -> Callable[[Check], Check]:
    """Declare a check; `lines` stand in its app's table, {port} is a port of its own."""

    def declare(check: Check) -> Check:
        CHECKS[key] = check
        TABLES[key] = "\n".join(lines)
        return check

    return declare


def table(key: str, lines: str) -> str:
    """Return the table of a key's app, with what it does not say itself."""
    given = {line.partition(" = ")[0] for line in lines.splitlines()}
    head = "[[apps]]\n"
    head += "" if "name" in given else f'name = "{key}"\n'
    head += "" if given & {"script", "module"} else 'script = "keyed.py"\n'
    return f"{head}{lines}\n"


@pytest.fixture(scope="module")
def stage(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start the apps of all keys."""
    folder = tmp_path_factory.mktemp("keys")
    home = Path(tempfile.mkdtemp(prefix="pm-", dir="/tmp"))
    pm = Pm(installed, home, folder)
    shutil.copy(APP, folder)
    for name in ("sub", "polled", "opted"):
        (folder / name).mkdir()
    (folder / "other-python").symlink_to(sys.executable)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    ports = {key: free_port() for key, lines in TABLES.items() if "{port}" in lines}
    tables = [table(k, v.replace("{port}", str(ports.get(k)))) for k, v in TABLES.items()]
    (folder / "ecosystem.toml").write_text("\n".join(tables))
    pm("start", "--env", "stage", env={"HIDDEN_BY_FILTER": "1"}, code=None)
    yield Stage(pm, folder, ports)
    left = pm.end()
    shutil.rmtree(home)
    assert not left, f"left behind: {left}"


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ELSEWHERE])
def test_each_key_has_its_effect(key: str, stage: Stage) -> None:
    CHECKS[key](stage)


@shows("script", 'script = "keyed.py"')
def script(stage: Stage) -> None:
    assert stage.facts("script")["argv"] == [f"{stage.folder}/keyed.py"]


@shows("module", 'module = "keyed"')
def module(stage: Stage) -> None:
    assert stage.facts("module")["spec"] == "keyed"


@shows("args", "args = \"'a b' ${HOME} $$1\"")
def args(stage: Stage) -> None:
    assert stage.facts("args")["argv"][1:] == ["a b", stage.pm.env["HOME"], "$1"]


@shows("name", 'name = "another"')
def name(stage: Stage) -> None:
    assert stage.environ("another")["PM_APP"] == "another"


@shows("name_prefix", 'name_prefix = "shop"')
def name_prefix(stage: Stage) -> None:
    assert stage.environ("shop:name_prefix")["PM_APP"] == "shop:name_prefix"


@shows("namespace", 'namespace = "backs"', "instances = 2")
def namespace(stage: Stage) -> None:
    found = json.loads(stage.pm("list", "backs", "--json").out)
    assert [app["name"] for app in found] == ["namespace"]


@shows("cwd", 'cwd = "sub"', 'script = "../keyed.py"')
def cwd(stage: Stage) -> None:
    assert stage.facts("cwd")["cwd"] == f"{stage.folder}/sub"


@shows("interpreter", 'interpreter = "./other-python"')
def interpreter(stage: Stage) -> None:
    assert stage.facts("interpreter")["executable"] == f"{stage.folder}/other-python"


@shows("interpreter_args", 'interpreter_args = ["-X", "dev"]')
def interpreter_args(stage: Stage) -> None:
    assert stage.facts("interpreter_args")["dev"]
    assert not stage.facts("script")["dev"]


@shows("exec_mode", 'exec_mode = "fork"')
def exec_mode(stage: Stage) -> None:
    assert not stage.facts("exec_mode")["cluster"]
    assert stage.facts("script")["cluster"]


@shows("instances", 'instances = "${WORKERS:-3}"')
def instances(stage: Stage) -> None:
    assert len(set(stage.pm.pids("instances"))) == 3


@shows("max_surge", "max_surge = 1")
def max_surge(stage: Stage) -> None:
    stage.pm("reload", "max_surge")
    (log,) = stage.logs("max_surge-out.log")
    lines = until(lambda: (x := log.read_text().splitlines())[2:] and x, "what all have said")
    assert ["{" in line for line in lines] == [True, True, False], "the new before the end"


@shows("preload", 'preload = ["preloaded"]')
def preload(stage: Stage) -> None:
    facts = stage.facts("preload")
    assert facts["preloaded"] not in (0, facts["pid"])


@shows("scheduling", 'scheduling = "source-hash"', "instances = 2", 'args = ["serve", "{port}"]')
def scheduling(stage: Stage) -> None:
    assert len({Client(stage.ports["scheduling"]).get() for _ in range(6)}) == 1


@shows("host", 'script = "hello:app"', 'host = "127.0.0.2"', "port = {port}")
def host(stage: Stage) -> None:
    connection = http.client.HTTPConnection("127.0.0.2", stage.ports["host"], timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    connection.close()
    assert not is_open(stage.ports["host"])


@shows("port", 'script = "hello:app"', "port = {port}")
def port(stage: Stage) -> None:
    assert Client(stage.ports["port"]).get() == "hello"


@shows("exclusive_ports", "exclusive_ports = [{port}]", 'args = ["serve", "{port}"]')
def exclusive_ports(stage: Stage) -> None:
    (listener,) = stage.pm.app("exclusive_ports")["listeners"]
    assert (listener["port"], listener["served"]) == (stage.ports["exclusive_ports"], "own")


@shows("keepalive_handover", "keepalive_handover = false", 'args = ["serve", "{port}"]')
def keepalive_handover(stage: Stage) -> None:
    connection = http.client.HTTPConnection(
        "127.0.0.1", stage.ports["keepalive_handover"], timeout=30
    )
    connection.request("GET", "/")
    connection.getresponse().read()
    stage.pm("reload", "keepalive_handover")
    assert connection.sock.recv(1) == b"", "closed, not moved"
    connection.close()


@shows(
    "env", 'env = { A = "b", N = 8, YES = true, TWICE = "env" }', 'env_stage = { TWICE = "name" }'
)
def env(stage: Stage) -> None:
    found = stage.environ("env")
    assert [found[name] for name in ("A", "N", "YES", "TWICE")] == ["b", "8", "true", "name"]


@shows("env_file", 'env_file = "vars.env"', 'env = { BOTH = "env" }')
def env_file(stage: Stage) -> None:
    found = stage.environ("env_file")
    assert (found["FROM_FILE"], found["BOTH"]) == ("a b", "env")


@shows("filter_env", 'filter_env = ["BY_FILTER"]')
def filter_env(stage: Stage) -> None:
    assert "HIDDEN_BY_FILTER" not in stage.environ("filter_env")
    assert "HIDDEN_BY_FILTER" in stage.environ("env")


@shows("instance_var", 'instance_var = "INSTANCE"')
def instance_var(stage: Stage) -> None:
    assert stage.environ("instance_var")["INSTANCE"] == "0"


@shows("umask", 'umask = "0027"')
def umask(stage: Stage) -> None:
    assert stage.facts("umask")["umask"] == 0o027


@shows("watch_polling", 'watch = ["polled"]', 'watch_polling = "100ms"')
def watch_polling(stage: Stage) -> None:
    stage.watched("watch_polling")
    (stage.folder / "polled" / "new.py").touch()
    until(lambda: stage.worker("watch_polling")["generation"] == 2, "its reload")


@shows("watch_options", 'watch = ["opted"]', 'watch_options = { ignored = ["*.no"] }')
def watch_options(stage: Stage) -> None:
    stage.watched("watch_options")
    for name in ("new.no", "new.yes"):
        (stage.folder / "opted" / name).touch()
    until(lambda: stage.worker("watch_options")["generation"] == 2, "its reload")
    said = stage.pm("describe", "watch_options").out
    assert "new.yes" in said
    assert "new.no" not in said


@shows("wait_ready", "wait_ready = true", 'listen_timeout = "200ms"')
def wait_ready(stage: Stage) -> None:
    assert stage.pm.states("wait_ready") == ["errored"]
    assert "not ready" in stage.pm.app("wait_ready")["reason"]


@shows("listen_timeout", "wait_ready = true", 'listen_timeout = "300ms"')
def listen_timeout(stage: Stage) -> None:
    assert "0.3 s" in stage.pm.app("listen_timeout")["reason"]


@shows("kill_timeout", 'args = ["deaf"]', 'kill_timeout = "200ms"')
def kill_timeout(stage: Stage) -> None:
    begun = time.monotonic()
    stage.pm("stop", "kill_timeout")
    assert time.monotonic() - begun < AppSpec("x", "x", "/").kill_timeout
    assert "killed by SIGKILL: stop" in stage.pm("describe", "kill_timeout").out


@shows("stop_signal", 'stop_signal = "usr2"')
def stop_signal(stage: Stage) -> None:
    stage.pm("stop", "stop_signal")
    assert "ended by SIGUSR2" in stage.logs("stop_signal-out.log")[0].read_text()


@shows("autorestart", "autorestart = false")
def autorestart(stage: Stage) -> None:
    stage.pm("send-signal", "USR1", "autorestart")
    until(lambda: not stage.worker("autorestart")["pid"], "its end")
    assert stage.worker("autorestart")["exit_code"] == 7
    assert stage.worker("autorestart")["restarts"] == 0


@shows("max_restarts", "max_restarts = 1", 'min_uptime = "1h"', 'args = ["serve", "{port}"]')
def max_restarts(stage: Stage) -> None:
    name = "max_restarts"
    for restarts in (0, 1):
        stage.pm("send-signal", "USR1", name)
        until(lambda: stage.worker(name)["unstable"] > restarts, "its end")  # noqa: B023 - at once
        until(lambda: stage.pm.states(name) in (["online"], ["errored"]), "what comes of it")
    assert (stage.pm.states(name), stage.worker(name)["restarts"]) == (["errored"], 1)


@shows("min_uptime", 'min_uptime = "1h"', 'args = ["serve", "{port}"]')
def min_uptime(stage: Stage) -> None:
    stage.pm("send-signal", "USR1", "min_uptime")
    until(lambda: stage.worker("min_uptime")["restarts"] == 1, "its restart")
    assert stage.worker("min_uptime")["unstable"] == 1


@shows("restart_delay", "restart_delay = 300")
def restart_delay(stage: Stage) -> None:
    stage.pm("send-signal", "USR1", "restart_delay")
    until(lambda: stage.pm.states("restart_delay") == ["waiting restart"], "the wait")
    assert "restart in 300.0 s" in stage.pm("describe", "restart_delay").out


@shows("stop_exit_codes", "stop_exit_codes = [0, 7]")
def stop_exit_codes(stage: Stage) -> None:
    stage.pm("send-signal", "USR1", "stop_exit_codes")
    until(lambda: stage.pm.states("stop_exit_codes") == ["stopped"], "its end")


@shows("out_file", 'out_file = "logs/its.log"')
def out_file(stage: Stage) -> None:
    assert (stage.folder / "logs" / "its.log").read_text().startswith('{"argv')
    assert stage.logs("out_file-out.log*") == []


@shows("error_file", 'error_file = "errors.log"')
def error_file(stage: Stage) -> None:
    assert (stage.folder / "errors.log").read_text() == "errors\n"


@shows("log_file", 'log_file = "both.log"')
def log_file(stage: Stage) -> None:
    text = (stage.folder / "both.log").read_text()
    assert "errors\n" in text
    assert '{"argv' in text


@shows("disable_logs", "disable_logs = true")
def disable_logs(stage: Stage) -> None:
    assert stage.logs("disable_logs*") == []
    assert stage.pm.states("disable_logs") == ["online"]


@shows("log_max_size", 'log_max_size = "4K"', 'args = ["lines"]', "log_compress = false")
def log_max_size(stage: Stage) -> None:
    pieces = stage.logs("log_max_size-out.log*")
    assert len(pieces) > 1
    assert all(piece.stat().st_size <= 4096 for piece in pieces)


@shows("log_keep", "log_keep = 2", "log_max_size = 500", 'args = ["lines"]')
def log_keep(stage: Stage) -> None:
    names = [f"log_keep-out.log{end}" for end in ("", ".1.gz", ".2.gz")]
    until(lambda: [path.name for path in stage.logs("log_keep-out.log*")] == names, "two pieces")


@shows("log_compress", "log_compress = false", "log_max_size = 2000", 'args = ["lines"]')
def log_compress(stage: Stage) -> None:
    pieces = stage.logs("log_compress-out.log.*")
    assert pieces
    assert not [piece for piece in pieces if piece.suffix == ".gz"]
