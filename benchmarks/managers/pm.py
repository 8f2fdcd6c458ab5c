"""pm itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from ..bench import environment
from ..processes import children, run
from .base import Manager, Program


class Pm(Manager):
    """A PM_HOME."""

    label = "pm"
    options: tuple[str, ...] = ()
    """More options of `pm start`, for a single program."""
    settings: ClassVar[dict[str, object]] = {}
    """More keys of every program; then even a single one is started by a file."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return environment(PM_HOME=str(self.folder / "home"))

    def up(self) -> None:
        """Start the daemon by starting an app and taking it away."""
        self.command("start", "sleep", "--name", "first", "--", "1000")
        self.command("delete", "first")

    def start_command(self) -> list[str]:
        """Start one program by its options, several by a file."""
        if len(self.programs) == 1 and not self.settings:
            (only,) = self.programs
            mode = ["--interpreter", self.bench.tools.python] if only.python else ["--fork"]
            words = [only.script, "--name", only.name, "-i", str(only.copies), *mode]
            return [self.bench.tools.pm, "start", *words, *self.options, "--", *only.args]
        file = self.folder / "ecosystem.toml"
        file.write_text("\n".join(map(self._entry, self.programs)))
        return [self.bench.tools.pm, "start", str(file)]

    def _entry(self, program: Program) -> str:
        values: dict[str, object] = {
            "name": program.name, "script": program.script, "args": list(program.args),
            "instances": program.copies, **self.settings,
        }  # fmt: skip
        if program.python:
            values["interpreter"] = self.bench.tools.python
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "\n".join(["[[apps]]", *lines, ""])

    def list_command(self) -> list[str]:
        """Return `pm list`."""
        return [self.bench.tools.pm, "list"]

    def stop(self) -> None:
        """Delete all apps: a start after a stop would not be a first start."""
        self.command("delete", "all")

    def pids(self) -> dict[str, list[int]]:
        """Return daemon, fork server, masters and templates."""
        daemon = int(json.loads(self.command("ping", "--json"))["pid"])
        apps = self.apps()
        masters = [int(app["master_pid"]) for app in apps if app["master_pid"]]
        workers = {worker["pid"] for app in apps for worker in app["workers"]}
        others = [pid for master in masters for pid in children(master) if pid not in workers]
        server = [pid for pid in children(daemon) if pid not in masters]
        return {"daemon": [daemon], "fork server": server, "master": masters, "template": others}

    def apps(self) -> list[dict[str, Any]]:
        """Return the views of all apps."""
        return [dict(app) for app in json.loads(self.command("list", "--json"))]

    def workers(self) -> list[int]:
        """Return the pids of all workers."""
        return [int(worker["pid"]) for app in self.apps() for worker in app["workers"]]

    def log(self, program: str) -> Path:
        """Return the file of a program's standard output."""
        return self.folder / "home" / "logs" / f"{program}-out.log"

    def command(self, *words: str) -> str:
        """Run a pm command; raises RuntimeError if it fails."""
        return run([self.bench.tools.pm, *words], self.environment)

    def down(self) -> None:
        """Stop everything."""
        self.command("kill")


class PmUnrotated(Pm):
    """pm without rotation of log files, as the peers are set up."""

    settings: ClassVar[dict[str, object]] = {"log_max_size": 0}
