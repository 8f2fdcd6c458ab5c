"""circus; copies share a port by SO_REUSEPORT."""

from __future__ import annotations

from pathlib import Path
from subprocess import Popen

from ..bench import environment, free_port
from ..processes import end, run, spawn, wait_until
from .base import Manager, Program

OURS = "[!c]*"
"""All watchers but circus's own `circusd-stats`; `*` would start nothing else."""


class Circus(Manager):
    """circusd with a configuration of its own."""

    label = "circus"
    needs = "circus"
    _daemon: Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return environment()

    def up(self) -> None:
        """Start the daemon."""
        self._endpoint = f"tcp://127.0.0.1:{free_port()}"
        config = self.folder / "circus.ini"
        config.write_text(self._settings() + "".join(map(self._entry, self.programs)))
        self._daemon = spawn([self.bench.tools.script("circusd"), str(config)], self.environment)
        wait_until(self._answers, 20, "circusd")

    def start_command(self) -> list[str]:
        """Start all watchers."""
        return self._ctl("start", OURS, "--waiting")

    def list_command(self) -> list[str]:
        """Return `circusctl status`, which shows watchers, not processes."""
        return self._ctl("status")

    def stop(self) -> None:
        """Stop all programs; in a new daemon, because one that has stopped starts nothing more."""
        self.down()
        self.up()

    def pids(self) -> dict[str, list[int]]:
        """Return the daemon."""
        return {"daemon": [self._daemon.pid]}

    def log(self, program: str) -> Path:
        """Return the file of a program's standard output."""
        return self.folder / f"{program}.log"

    def down(self) -> None:
        """Stop everything."""
        run(self._ctl("stop", OURS, "--waiting"), self.environment)
        end(self._daemon)

    def _answers(self) -> bool:
        try:
            run(self._ctl("dstats"), self.environment)
        except RuntimeError:
            return False
        return True

    def _ctl(self, *words: str) -> list[str]:
        return [self.bench.tools.script("circusctl"), "--endpoint", self._endpoint, *words]

    def _settings(self) -> str:
        pubsub, stats = free_port(), free_port()
        return (
            f"[circus]\nendpoint = {self._endpoint}\npubsub_endpoint = tcp://127.0.0.1:{pubsub}\n"
            f"stats_endpoint = tcp://127.0.0.1:{stats}\nstatsd = false\n"
        )

    def _entry(self, program: Program) -> str:
        command, *args = program.argv(self.bench.tools.python)
        return (
            f"[watcher:{program.name}]\ncmd = {command}\nargs = {' '.join(args)}\n"
            f"numprocesses = {program.copies}\nautostart = false\ncopy_env = true\n"
            "stdout_stream.class = FileStream\n"
            f"stdout_stream.filename = {self.log(program.name)}\n"
            f"[env:{program.name}]\nREUSEPORT = 1\n"
        )
