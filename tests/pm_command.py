"""`pm` as a user types it, with a PM_HOME of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import MARK, marked
from tests.waiting import until


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


class Pm:
    """The installed command in one PM_HOME."""

    def __init__(self, bin_folder: Path, home: Path, cwd: Path) -> None:
        self.bin = bin_folder
        self.home = home
        self.cwd = cwd
        self.env = {
            "PATH": f"{bin_folder}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "PM_HOME": str(home),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            MARK: str(home),
        }

    def __call__(
        self, *args: object, code: int | None = 0, text: str = "", **options: Any
    ) -> Result:
        """Run a command to its end, `text` on its stdin, and check its exit code; None: any."""
        child = self.popen(*args, text=text, **options)
        try:
            out, err = child.communicate(text or None, timeout=90)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise AssertionError(f"pm {args} hangs\n{out}\n{err}") from None
        result = Result(child.returncode, out, err)
        if result.code != 1:  # 1, and `describe` on stdout, show what an app printed
            assert "Traceback" not in err, err
        assert code is None or result.code == code, f"pm {args}: {result.code}\n{out}\n{err}"
        return result

    def popen(
        self, *args: object, env: dict[str, str] | None = None, text: str = ""
    ) -> subprocess.Popen[str]:
        """Start a command and do not wait for it; with a `text` its stdin is a pipe."""
        return subprocess.Popen(
            [self.bin / "pm", *map(str, args)],
            cwd=self.cwd,
            env=self.env | (env or {}),
            stdin=subprocess.PIPE if text else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def workers(self, name: str = "") -> list[dict[str, Any]]:
        """Return the entries of `pm jlist`, of one app if it is named."""
        entries: list[dict[str, Any]] = json.loads(self("jlist").out)
        return [entry for entry in entries if name in ("", entry["name"])]

    def pids(self, name: str = "") -> list[int]:
        """Return the pids of the workers, by id."""
        return [entry["pid"] for entry in self.workers(name)]

    def states(self, name: str = "") -> list[str]:
        """Return the states of the workers, by id."""
        return [entry["pm2_env"]["status"] for entry in self.workers(name)]

    def app(self, name: str) -> dict[str, Any]:
        """Return the view of one app."""
        apps: list[dict[str, Any]] = json.loads(self("list", "--json").out)
        return next(app for app in apps if app["name"] == name)

    @property
    def daemon_pid(self) -> int:
        """The daemon's pid, as it says itself."""
        return int(json.loads(self("ping", "--json").out)["pid"])

    def kill_daemon(self) -> None:
        """End the daemon as a crash does; returns when it and its sockets are gone."""
        pid = self.daemon_pid
        ended = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert select.select([ended], [], [], 30)[0], f"{pid} lives after SIGKILL"
        os.close(ended)

    def end(self) -> dict[int, str]:
        """Stop all and return what was left, which is killed then."""
        if (self.home / "rpc.sock").exists():
            self("kill", code=None)
        try:
            until(lambda: not marked(str(self.home)), "all processes of the test gone", 20)
        except AssertionError:
            left = marked(str(self.home))
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return left
        return {}

    def logs(self) -> str:
        """Return the last part of the daemon's log and of all app logs."""
        parts = []
        for path in [self.home / "pm.log", *sorted(self.home.glob("logs/*.log"))]:
            if path.is_file() and path.stat().st_size:
                text = path.read_text(errors="replace")[-8000:]
                parts.append(f"--- {path.name}\n{text}")
        return "\n".join(parts)
