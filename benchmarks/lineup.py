"""The peers that serve HTTP with several workers, installed or not."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .bench import Bench
from .figures import Table
from .managers.circus import Circus
from .managers.pm2 import Pm2
from .managers.supervisor import Supervisor
from .subjects import Subject, gunicorn, under, uvicorn

Open = Callable[[Bench, str, int], AbstractContextManager[Subject]]

THREADS = ("-k", "gthread", "--threads", "8")
NODE, PYTHON = "PM2, Node cluster", "PM2, Python"


@dataclass(frozen=True)
class Peer:
    """A server of the comparison."""

    label: str
    needs: str
    """What has to be installed (`Bench.has`)."""
    open: Open


PEERS = (
    Peer("gunicorn, sync", "gunicorn", gunicorn),
    Peer("gunicorn, threads", "gunicorn", lambda b, label, n: gunicorn(b, label, n, *THREADS)),
    Peer("uvicorn --workers", "uvicorn", uvicorn),
    Peer(NODE, "pm2", lambda b, label, n: under(Pm2, b, label, "hello.js", n, "reload", "all")),
    Peer(PYTHON, "pm2", lambda b, label, n: under(Pm2, b, label, "hello.py", n, "reload", "all")),
    Peer(
        "supervisor", "supervisor",
        lambda b, label, n: under(Supervisor, b, label, "hello.py", n, "restart", "all"),
    ),
    Peer("circus", "circus", lambda b, label, n: under(Circus, b, label, "hello.py", n, "reload")),
)  # fmt: skip


@contextlib.contextmanager
def tolerated(table: Table, label: str) -> Iterator[None]:
    """Note in the table that a peer could not be measured, and go on."""
    try:
        yield
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        table.add(label, f"failed: {str(error).splitlines()[0][:120]}")


def measured(bench: Bench, table: Table, fill: Callable[[Peer], object], *without: str) -> None:
    """Fill the rows of all peers but some."""
    for peer in PEERS:
        if peer.label in without:
            continue
        if not bench.has(peer.needs):
            table.absent(peer.label)
            continue
        with tolerated(table, peer.label):
            fill(peer)
