"""PM2; Python programs in fork mode, with SO_REUSEPORT; Node's in cluster mode."""

from __future__ import annotations

import json
from pathlib import Path

from ..bench import environment
from ..processes import run
from .base import Manager, Program


class Pm2(Manager):
    """A PM2_HOME."""

    label = "PM2"
    needs = "pm2"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return environment(PM2_HOME=str(self.folder / "home"), PM2_PROGRAMMATIC="1")

    def up(self) -> None:
        """Start the daemon."""
        self.command("ping")

    def start_command(self) -> list[str]:
        """Start from a file."""
        file = self.folder / "ecosystem.json"
        file.write_text(json.dumps({"apps": list(map(self._entry, self.programs))}))
        return [self.bench.tools.pm2, "start", str(file)]

    def _entry(self, program: Program) -> dict[str, object]:
        entry: dict[str, object] = {
            "name": program.name, "script": program.script, "args": list(program.args),
            "instances": program.copies, "cwd": str(self.folder),
        }  # fmt: skip
        if program.python:
            entry.update(interpreter=self.bench.tools.python, env={"REUSEPORT": "1"})
        elif program.script.endswith(".js"):
            entry.update(exec_mode="cluster")
        else:
            entry.update(interpreter="none")
        if not program.script.endswith(".js"):
            entry.update(exec_mode="fork", out_file=str(self.log(program.name)), merge_logs=True)
        return entry

    def list_command(self) -> list[str]:
        """Return `pm2 list`."""
        return [self.bench.tools.pm2, "list"]

    def stop(self) -> None:
        """Delete all programs."""
        self.command("delete", "all")

    def pids(self) -> dict[str, list[int]]:
        """Return the daemon."""
        return {"daemon": [int((self.folder / "home" / "pm2.pid").read_text())]}

    def log(self, program: str) -> Path:
        """Return the file of a program's standard output."""
        return self.folder / f"{program}.log"

    def command(self, *words: str) -> str:
        """Run a pm2 command."""
        return run([self.bench.tools.pm2, *words], self.environment)

    def down(self) -> None:
        """Stop everything."""
        self.command("kill")
