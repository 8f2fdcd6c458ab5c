"""Start the daemon on demand and wait until it says that its sockets are bound."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time

import pm
from pm.errors import NoDaemon, error_of

_PATIENCE = 30.0
"""Seconds that a daemon may take to bind its sockets; a loaded machine needs some of them."""


def spawn(home: str, door: str = "") -> None:
    """Start the daemon of `home` and return once a daemon serves there, this or another.

    Raises what the daemon reports, or NoDaemon if it dies or says nothing.
    """
    reader, writer = os.pipe()
    try:
        process = _launch(home, door or _door(), writer)
    finally:
        os.close(writer)
    try:
        line = _read_line(reader)
    finally:
        os.close(reader)
    if not line:
        raise NoDaemon(
            f"the daemon was started and {_end(process)}", f"read {home}/pm.log", _tail(home)
        )
    process.returncode = 0  # it is no longer ours to wait for: no warning when this object goes
    answer = json.loads(line)
    if not answer.get("ok"):
        error = answer.get("error", {})
        raise error_of(
            str(error.get("code", "no-daemon")),
            str(error.get("message", "the daemon could not start")),
            str(error.get("hint", "")),
        )


def _launch(home: str, door: str, ready: int) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PM_HOME": home, "PM_READY_FD": str(ready)}
    return subprocess.Popen(
        [sys.executable, door, "--daemon"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=env,
        pass_fds=[ready],
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> str:
    try:
        return f"exited with {process.wait(2)}"
    except subprocess.TimeoutExpired:
        process.returncode = 0
        return "did not say that it is ready"


def _door() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(pm.__file__)), "__main__.py")


def _read_line(fd: int) -> bytes:
    deadline = time.monotonic() + _PATIENCE
    data = b""
    while not data.endswith(b"\n"):
        if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return b""
        part = os.read(fd, 4096)
        if not part:
            return b""
        data += part
    return data


def _tail(home: str) -> list[str]:
    try:
        with open(os.path.join(home, "pm.log"), errors="replace") as log:
            return log.read().splitlines()[-5:]
    except OSError:
        return []
