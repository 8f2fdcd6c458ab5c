"""Start the daemon in a PM_HOME of its own, ask it, and clear everything away."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import zmq

from daemon.masters.process import start_time
from pm.api import Envelope, List, Reply, Report, Request
from pm.codec import dumps, from_plain, loads, to_plain
from pm.errors import error_of
from pm.model import PROTOCOL, AppSpec, AppView

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60.0
_TIME_TO_END = 10.0

R = TypeVar("R")


def wait_for(condition: Callable[[], R | None], what: str) -> R:
    """Wait until `condition` holds, with a deadline."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not in time: {what}")


class Daemon:
    """A daemon as a child of the test."""

    def __init__(self, home: str, script: str = "run_daemon.py") -> None:
        self.home = home
        self.home_fd = os.open(home, os.O_PATH)
        self.context = zmq.Context()
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, script)],
            env={**os.environ, "PM_HOME": home, "PM_READY_FD": str(writing)},
            pass_fds=(writing,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        os.close(writing)
        with open(reading, "rb") as pipe:
            self.ready: dict[str, Any] = json.loads(pipe.readline() or b"{}")

    def send(self, request: Request[Any], number: str = "") -> zmq.Socket[bytes]:
        """Send a request; its answer is read with `receive`."""
        envelope = Envelope(PROTOCOL, number or uuid.uuid4().hex, request.name, to_plain(request))
        return self.send_raw(dumps(envelope))

    def send_raw(self, raw: bytes) -> zmq.Socket[bytes]:
        """Send any bytes as a request."""
        sock = self.context.socket(zmq.REQ)
        sock.linger = 0
        sock.rcvtimeo = int(PATIENCE * 1000)
        sock.connect(f"ipc:///proc/self/fd/{self.home_fd}/rpc.sock")
        sock.send(raw)
        return sock

    def receive(self, sock: zmq.Socket[bytes]) -> Reply:
        """Read the answer to a request."""
        with sock:
            return loads(Reply, sock.recv())

    def ask(self, request: Request[R]) -> R:
        """Send a request and return its answer; raises the PmError that came instead."""
        reply = self.receive(self.send(request))
        if reply.error is not None:
            raise error_of(reply.error.code, reply.error.message, reply.error.hint)
        answer: R = from_plain(request.answer, reply.body)
        return answer

    def do(self, request: Request[Report]) -> str:
        """Send a request about one app; returns what was done, or its error."""
        (outcome,) = self.ask(request).outcomes
        return outcome.done or (outcome.error.message if outcome.error else "")

    def app(self, name: str) -> AppView:
        """Return one app as `list` shows it."""
        (found,) = self.ask(List((name,))).apps
        return found

    def pids(self, name: str) -> list[int]:
        """Return the pids of an app's workers."""
        return [worker.pid for worker in self.app(name).workers]

    def kill(self) -> None:
        """SIGKILL the daemon alone."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """Wait for its end and let go of what the test holds."""
        self.process.communicate(timeout=PATIENCE)
        self.context.destroy(linger=0)
        os.close(self.home_fd)


def spec(name: str = "web", instances: int = 2, **env: str) -> AppSpec:
    """Return a spec for the fake master."""
    return AppSpec(
        name, "/app.py", "/", instances=instances, env=env, kill_timeout=1.0, min_uptime=0.1
    )


def processes_of(home: str) -> list[int]:
    """Return the processes that have been started for `home`."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                ours = f"PM_HOME={home}".encode() in file.read()
        except OSError:
            continue
        if ours and start_time(int(name)):
            found.append(int(name))
    return found


def clear(home: str) -> list[int]:
    """Let end what ends by itself, and kill the others; returns their pids.

    The daemon has killed its fork server as its last act, and has not waited for that.
    """
    deadline = time.monotonic() + _TIME_TO_END
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left
