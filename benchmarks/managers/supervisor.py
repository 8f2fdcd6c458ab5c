"""supervisor; copies share a port by SO_REUSEPORT."""

from __future__ import annotations

from pathlib import Path

from ..bench import environment
from ..processes import alive, run, wait_until
from .base import Manager, Program


class Supervisor(Manager):
    """supervisord with a configuration of its own."""

    label = "supervisor"
    needs = "supervisor"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return environment()

    def up(self) -> None:
        """Start the daemon."""
        self._config.write_text(self._settings() + "".join(map(self._entry, self.programs)))
        run([self.bench.tools.script("supervisord"), "-c", str(self._config)], self.environment)
        wait_until((self.folder / "s.pid").exists, 10, "supervisord")

    def start_command(self) -> list[str]:
        """Start all groups."""
        return self._ctl("start", "all")

    def list_command(self) -> list[str]:
        """Return `supervisorctl status`."""
        return self._ctl("status")

    def stop(self) -> None:
        """Stop all programs."""
        run(self._ctl("stop", "all"), self.environment)

    def pids(self) -> dict[str, list[int]]:
        """Return the daemon."""
        return {"daemon": [int((self.folder / "s.pid").read_text())]}

    def log(self, program: str) -> Path:
        """Return the file of a program's standard output."""
        return self.folder / f"{program}.log"

    def down(self) -> None:
        """Stop everything."""
        (daemon,) = self.all_pids()
        run(self._ctl("shutdown"), self.environment)
        wait_until(lambda: not alive(daemon), 30, "supervisord's end")

    @property
    def _config(self) -> Path:
        return self.folder / "s.conf"

    def _ctl(self, *words: str) -> list[str]:
        return [self.bench.tools.script("supervisorctl"), "-c", str(self._config), *words]

    def _settings(self) -> str:
        folder = self.folder
        return (
            f"[unix_http_server]\nfile={folder}/s.sock\n"
            f"[supervisord]\nlogfile={folder}/s.log\npidfile={folder}/s.pid\nminfds=4096\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{folder}/s.sock\n"
        )

    def _entry(self, program: Program) -> str:
        return (
            f"[program:{program.name}]\ncommand={' '.join(program.argv(self.bench.tools.python))}\n"
            f"numprocs={program.copies}\nprocess_name=%(program_name)s-%(process_num)d\n"
            "autostart=false\nautorestart=true\nstartsecs=0\nenvironment=REUSEPORT=1\n"
            f"stdout_logfile={self.log(program.name)}\nstdout_logfile_maxbytes=0\n"
        )
