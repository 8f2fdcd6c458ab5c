"""A real sshd on loopback, with a port and keys of its own: a host to deploy to."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
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

    @property
    def known(self) -> str:
        """The line of a `known_hosts` file."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        return f"[{self.address}]:{self.port} {kind} {key}\n"

    def cut(self) -> None:
        """Break all connections."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in children.read_text().split():
            with contextlib.suppress(ProcessLookupError):  # one that was ending by itself
                os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        """End the server; connections that are open stay."""
        self._process.terminate()
        self._process.wait()

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


def access(hosts: list[Sshd]) -> dict[str, object]:
    """Return what a `[deploy.NAME]` table has to say to get to the hosts."""
    first = hosts[0]
    known = first.folder / "known_hosts"
    known.write_text("".join(host.known for host in hosts))
    keys = [f"IdentityFile={host.folder}/user_key" for host in hosts[1:]]
    return {
        "host": [host.address for host in hosts],
        "user": getpass.getuser(),
        "port": first.port,
        "key": str(first.folder / "user_key"),
        "ssh_options": [f"UserKnownHostsFile={known}", "BatchMode=yes", *keys],
    }
