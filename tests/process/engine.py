"""A master without a daemon: spoken to over its control socket, its workers real."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pm.codec import dumps, from_plain, to_plain
from pm.control import Bootstrap, Command, Done, Forward, Happened, Status
from pm.home import log_files, open_home
from pm.model import PROTOCOL, AppSpec
from pm.wire import Channel
from tests.processes import is_alive

ROOT = Path(__file__).resolve().parents[2]
MASTER = ROOT / "pm" / "master" / "__main__.py"
PATIENCE = 60.0
"""Seconds: longer than any that the master itself gives a worker."""


def spec_of(script: Path | str, *args: object, **fields: Any) -> AppSpec:
    """Return the spec of a script as `pm start script -- args` would make it."""
    path = Path(script)
    fields = {"cwd": str(path.parent), "interpreter": sys.executable, **fields}
    fields.setdefault("env", plain_env())
    fields.setdefault("name", path.stem)
    return AppSpec(script=str(script), args=tuple(map(str, args)), **fields)


def plain_env() -> dict[str, str]:
    """Return a small environment, as a caller might have it."""
    return {"PATH": os.defpath, "HOME": "/proc/nowhere", "LANG": "C.UTF-8"}


class Engine:
    """One running master."""

    def __init__(
        self,
        home: Path,
        spec: AppSpec,
        slots: int = 1,
        keep: tuple[tuple[str, int], ...] = (),
        master: Path = MASTER,
        listens: bool | None = None,
    ) -> None:
        """Start it.

        Workers of an app that is known to listen (one that has listeners to `keep`, unless
        `listens` says otherwise) are not ready before they do.
        """
        listens = bool(keep) if listens is None else listens
        os.close(open_home(str(home)))
        self.spec = spec
        self.out, self.error, _ = map(Path, log_files(str(home), spec))
        self.events: list[Happened] = []
        self.forwards: list[Forward] = []
        """Messages for other apps."""
        self.status: Status | None = None
        self.kept: dict[str, int] = {}
        """Dups of the listeners by key, as a daemon holds them."""
        self._program = master
        self._done: dict[int, Done] = {}
        self._last = 0
        boot = Bootstrap(
            PROTOCOL, spec, str(home), "nonce", tuple(range(slots)),
            listener_keys=tuple(key for key, _ in keep), known_to_listen=listens,
        )  # fmt: skip
        self._start(home, boot, tuple(fd for _, fd in keep))

    def _start(self, home: Path, boot: Bootstrap, fds: tuple[int, ...]) -> None:
        address = str(home / "run" / "control")
        if os.path.exists(address):
            os.unlink(address)
        with socket.socket(socket.AF_UNIX) as control, open(home / "pm.log", "ab") as log:
            control.bind(address)
            control.listen()
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(address)
            passed = (control.fileno(), *fds)
            self.master = subprocess.Popen(
                [sys.executable, "-S", "-E", str(self._program), boot.spec.name, *map(str, passed)],
                stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", pass_fds=passed,
                start_new_session=True,
            )  # fmt: skip
        assert self.master.stdin is not None
        self.master.stdin.write(dumps(boot))
        self.master.stdin.close()
        self.channel = Channel(sock)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, done: Any, what: str, seconds: float = PATIENCE) -> None:
        """Take in messages until `done()`; fails with `what`."""
        deadline = time.monotonic() + seconds
        while not done():
            left = deadline - time.monotonic()
            last = [f"{h.event.kind}: {h.event.reason}" for h in self.events[-8:]]
            assert left > 0, f"not within {seconds} s: {what}; {self.status}; {last}"
            assert not self.channel.closed, f"the master ended before: {what}; {last}"
            select.select([self.channel], [], [], min(left, 0.05))
            self._take()

    def _take(self) -> None:
        for kind, body, fds in self.channel.receive():
            if kind == "keep":
                self._keep(body["keys"], fds)
            elif kind == "status":
                self.status = from_plain(Status, body)
            elif kind == "happened":
                self.events.append(from_plain(Happened, body))
            elif kind == "forward":
                self.forwards.append(from_plain(Forward, body))
            elif kind == "done":
                done = from_plain(Done, body)
                self._done[done.id] = done

    def _keep(self, keys: list[str], fds: list[int]) -> None:
        for fd in self.kept.values():
            os.close(fd)
        self.kept = dict(zip(keys, fds, strict=True))

    def send(self, op: str, **fields: Any) -> int:
        """Send a command and return its id."""
        self._last += 1
        command = from_plain(Command, {"id": self._last, "op": op, "nonce": "nonce"} | fields)
        self.channel.send("command", to_plain(command))
        return self._last

    def result(self, number: int) -> Done:
        """Wait for the end of a command."""
        self.wait(lambda: number in self._done, f"command {number} done")
        return self._done[number]

    def call(self, op: str, **fields: Any) -> Done:
        """Send a command and wait for its end."""
        return self.result(self.send(op, **fields))

    def is_cut_off(self) -> bool:
        """Say whether the master has closed the connection."""
        self._take()
        return self.channel.closed

    def online(self, slots: int = 1) -> list[int]:
        """Wait until exactly so many workers are online; returns their pids by slot."""
        self.wait(lambda: self.states() == ["online"] * slots, f"{slots} online")
        return self.pids()

    def states(self) -> list[str]:
        """Return the states of the slots."""
        return [w.state.value for w in self.status.workers] if self.status else []

    def pids(self) -> list[int]:
        """Return the pids of the slots' workers."""
        return [w.pid for w in self.status.workers] if self.status else []

    def said(self, lines: int = 1) -> list[str]:
        """Wait until the workers have printed so many lines; returns all of them."""
        self.wait(lambda: len(_whole_lines(self.out)) >= lines, f"{lines} lines in {self.out}")
        return _whole_lines(self.out)

    def kinds(self) -> list[str]:
        """Return what has happened, by kind."""
        return [happened.event.kind for happened in self.events]

    def ended(self) -> int | None:
        """Wait until the only worker has ended for good; its exit code, None for a signal."""
        self.wait(lambda: {"stop", "errored"} & set(self.kinds()), "a worker ended")
        reason = next(h.event.reason for h in self.events if h.event.kind == "exit")
        return int(reason.split()[2].rstrip(":")) if reason.startswith("exit code") else None

    def close(self) -> None:
        """Stop the app and wait for the master's end; kills what does not end."""
        if self.master.poll() is None and not self.channel.closed:
            self.send("stop")
        try:
            self.master.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for pid in [*self.pids(), self.master.pid]:
                if pid and is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
            self.master.wait()
            raise
        finally:
            self.channel.close()
            self._keep([], [])


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a log, which may not be there yet, without an unfinished one."""
    text = path.read_text() if path.exists() else ""
    return text.rpartition("\n")[0].splitlines()
