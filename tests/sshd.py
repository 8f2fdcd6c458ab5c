"""A real sshd on loopback, with a port and keys of its own: a host to deploy to."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import until

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_KEYS = ("host_key", "user_key")


class Sshd:
    """One host: where it listens, and the home and environment of who logs in there."""

    def __init__(self, folder: Path, address: str, port: int, env: Mapping[str, str]) -> None:
        assert SSHD
        self.folder = folder
        self.address = address
        self.port = port
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        # /etc/profile, which is read first, sets PATH anew
        (self.home / ".profile").write_text(f"PATH='{env['PATH']}'\n")
        for name in _KEYS:
            key = folder / name
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self._write_config({**env, "HOME": str(self.home)})
        self._process = self._start()

    def options(self) -> dict[str, object]:
        """Return what a `[deploy.NAME]` table has to say to get there."""
        known = self.folder / "known_hosts"
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        known.write_text(f"[{self.address}]:{self.port} {kind} {key}\n")
        return {
            "host": self.address,
            "user": getpass.getuser(),
            "port": self.port,
            "key": str(self.folder / "user_key"),
            "ssh_options": [f"UserKnownHostsFile={known}", "BatchMode=yes"],
        }

    def stop(self) -> None:
        """End the server; connections that are open stay."""
        self._process.terminate()
        self._process.wait()

    def sessions(self) -> list[int]:
        """Return the pids of the server's processes for connections."""
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def _write_config(self, env: Mapping[str, str]) -> None:
        lines = {
            "ListenAddress": f"{self.address}:{self.port}",
            "HostKey": self.folder / "host_key",
            "AuthorizedKeysFile": self.folder / "user_key.pub",
            "PidFile": "none",
            "UsePAM": "no",
            "StrictModes": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "yes",
            "SetEnv": " ".join(f"{name}={value}" for name, value in env.items()),
        }
        (self.folder / "sshd_config").write_text("".join(f"{k} {v}\n" for k, v in lines.items()))

    def _start(self) -> subprocess.Popen[bytes]:
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # it insists on it, for its child's chroot
        log = self.folder / "sshd.log"
        process = subprocess.Popen(
            [str(SSHD), "-D", "-f", self.folder / "sshd_config", "-E", log],
            stdin=subprocess.DEVNULL,
            env={"PATH": os.defpath},
        )
        until(lambda: log.exists() and "Server listening" in log.read_text(), "sshd listens")
        return process
