"""What is measured of one server: it serves, rotates, reloads, drains, and comes back."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.load import Failed, Load
from tests.pm_command import Pm
from tests.waiting import until

from .asking import Place, client, has_keepalive
from .servers import Server

WORKERS = 3
_ROUNDS = 10
_RELOADS = 3
_CLIENTS = 4
_BETWEEN = 60
"""Requests between two reloads."""
_UNDER_WAY = 1.2
"""Seconds after which a request of two seconds is under way, where pm does not count it."""


@dataclass
class Row:
    """One line of the table; a cell is "yes" or a number, or says what was seen instead."""

    name: str
    version: str = ""
    serves: str = ""
    way: str = ""
    rotation: str = ""
    reload: str = ""
    keepalive: str = ""
    drain: str = ""
    kill: str = ""
    remark: str = ""

    @property
    def green(self) -> bool:
        """True if nothing failed and the rotation is exact."""
        zero = all(cell.startswith(("0 of", "-")) for cell in (self.reload, self.keepalive))
        return self.serves == self.rotation == self.drain == self.kill == "yes" and zero


class Subject:
    """One server under pm."""

    def __init__(self, pm: Pm, server: Server, place: Place, certificate: str = "") -> None:
        self._pm = pm
        pm.env["VIRTUAL_ENV"] = sys.prefix  # the servers are where this runs
        pm.env["PATH"] = f"{pm.bin}:{sys.prefix}/bin:{os.defpath}"
        self._server = server
        self._place = place
        self._certificate = certificate

    def measure(self, row: Row) -> None:
        """Fill a row; raises AssertionError with what pm printed if it does not start."""
        server = self._server
        self._pm(
            "start", "-i", WORKERS, "--name", "subject",
            *server.command(self._place, self._certificate), env=dict(server.env),
        )  # fmt: skip
        row.way = self._way()
        answers = [self._ask() for _ in range(_ROUNDS * WORKERS)]
        row.serves = "yes" if all(answers) else f"{answers.count('')} of {len(answers)} failed"
        row.rotation = _rotation(answers)
        row.reload = self._reload(keepalive=False)
        row.keepalive = self._reload(keepalive=True) if has_keepalive(server.protocol) else "-"
        row.kill = self._kill()
        row.drain = self._drain()

    def _ask(self, path: str = "/") -> str:
        asker = client(self._server.protocol, self._place, path)
        try:
            return asker.get()
        except Failed:
            return ""
        finally:
            asker.close()

    def _way(self) -> str:
        listeners = self._pm.app("subject").get("listeners", [])
        return ", ".join(sorted({str(listener.get("served", "")) for listener in listeners}))

    def _load(self, keepalive: bool = False) -> Load:
        server, place = self._server, self._place
        return Load(0, _CLIENTS, make=lambda: client(server.protocol, place, "/", keepalive))

    def _reload(self, keepalive: bool) -> str:
        refused = 0
        with self._load(keepalive) as load:
            for _ in range(_RELOADS):
                refused += self._pm("reload", "subject", code=None).code != 0
                load.more(_BETWEEN)
        cell = f"{len(load.failures)} of {load.count}"
        return cell + (f", {refused} reloads refused" if refused else "")

    def _kill(self) -> str:
        """Kill a worker: it is replaced, and all serve again."""
        pid = self._pm.pids("subject")[0]
        os.kill(pid, signal.SIGKILL)
        until(lambda: self._whole(pid), "a replacement", 30)
        # whoever had been accepted by the dead one is lost; nobody who comes now is
        answers = [self._ask() for _ in range(_ROUNDS * WORKERS)]
        lost = answers.count("")
        if lost:
            return f"{lost} of {len(answers)} failed afterwards"
        return "yes" if len(set(answers)) == WORKERS else f"only {len(set(answers))} workers serve"

    def _whole(self, dead: int) -> bool:
        states = self._pm.states("subject")
        return states == ["online"] * WORKERS and dead not in self._pm.pids("subject")

    def _drain(self) -> str:
        """Stop the app while a request is under way: it is answered, and the port is free."""
        slow: list[str] = []
        asker = threading.Thread(target=lambda: slow.append(self._ask("/slow")))
        before = self._connections()
        asker.start()
        deadline = time.monotonic() + _UNDER_WAY
        while self._connections() == before and time.monotonic() < deadline:
            asker.join(0.05)
        self._pm("stop", "subject")
        asker.join()
        if not slow[0]:
            return "the request under way was cut"
        return "the place is still taken" if self._ask() else "yes"

    def _connections(self) -> int:
        return sum(worker["connections"] for worker in self._pm.app("subject")["workers"])


def _rotation(answers: list[str]) -> str:
    if answers == answers[:WORKERS] * _ROUNDS and len(set(answers)) == WORKERS:
        return "yes"
    return "/".join(str(count) for _, count in sorted(Counter(answers).items()))
