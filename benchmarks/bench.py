"""What every topic gets: the tools, a temporary folder, ports, the environment of its processes."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

APPS = Path(__file__).resolve().parent / "apps"


@dataclass(frozen=True)
class Tools:
    """Programs by their paths; empty where something is not installed."""

    python: str
    """Runs the apps; has the peers' packages if they could be installed."""
    pm: str = str(Path(sys.executable).parent / "pm")
    pm2: str = ""
    packages: frozenset[str] = frozenset()
    """Names of the Python packages in `python`'s environment."""
    wrk: str = field(default_factory=lambda: shutil.which("wrk") or "")
    ab: str = field(default_factory=lambda: shutil.which("ab") or "")

    def script(self, name: str) -> str:
        """Return the path of a console script beside the apps' interpreter."""
        return str(Path(self.python).parent / name)


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks."""

    tools: Tools
    folder: Path
    quick: bool = False
    """Fewer and shorter repetitions: to see that it works, not to publish."""

    def has(self, need: str) -> bool:
        """Tell whether a peer is installed: a Python package, `pm2`, or nothing at all."""
        return not need or need in self.tools.packages or (need == "pm2" and bool(self.tools.pm2))

    def runs(self, wanted: int) -> int:
        """Return how often to repeat."""
        return min(wanted, 2) if self.quick else wanted

    def seconds(self, wanted: float) -> float:
        """Return how long to measure."""
        return min(wanted, 1.0) if self.quick else wanted

    def new_folder(self, name: str) -> Path:
        """Make a folder for one daemon."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))


def environment(**more: str) -> dict[str, str]:
    """Return the environment for servers and commands: a plain user's, plus `more`.

    Byte code is cached and libraries that compute use one thread, whatever the caller has set.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PM_", "PM2_", "PYTHON"))}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", **more}


def free_port() -> int:
    """Return a port of the loopback address that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def app(name: str) -> str:
    """Return the path of one of the benchmarks' programs."""
    return str(APPS / name)
