"""Run a program twice: as plain python would, and in a worker; say what each did."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from pm.model import Target
from tests.process.engine import PATIENCE, Engine, plain_env, spec_of


@dataclass(frozen=True)
class Run:
    """How a program is started."""

    python: str
    script: Path | str
    """A path, or a module's name if `module`."""
    args: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    module: bool = False
    env: dict[str, str] = field(default_factory=plain_env)


@dataclass(frozen=True)
class Outcome:
    """What a program did. Ended by a signal: the code is None."""

    code: int | None
    out: str
    error: str


def plainly(run: Run, cwd: Path) -> Outcome:
    """Run it as `python script`."""
    words = ["-m", str(run.script)] if run.module else [str(run.script)]
    done = subprocess.run(
        [run.python, "-u", *run.options, *words, *run.args],
        cwd=cwd, env=run.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
        start_new_session=True, umask=0o027, check=False,
    )  # fmt: skip
    code = done.returncode if done.returncode >= 0 else None
    return Outcome(code, done.stdout.decode(), done.stderr.decode())


def in_worker(run: Run, cwd: Path, home: Path) -> Outcome:
    """Run it as the only worker of a master."""
    spec = spec_of(
        run.script, *run.args, cwd=str(cwd), env=run.env, interpreter=run.python, umask=0o027,
        target=Target.MODULE if run.module else Target.SCRIPT, name="app",
        interpreter_args=run.options, autorestart=False, listen_timeout=PATIENCE,
        stop_signal=signal.SIGTERM.name,
    )  # fmt: skip
    with Engine(home, spec) as engine:
        code = engine.ended()
    read = [file.read_text() if file.exists() else "" for file in (engine.out, engine.error)]
    return Outcome(code, *read)


def both(run: Run, folder: Path) -> tuple[Outcome, Outcome]:
    """Return what plain python and a worker did, each with `folder` as its cwd."""
    home = folder.parent / f"{folder.name}-home"
    return plainly(run, folder), in_worker(run, folder, home)
