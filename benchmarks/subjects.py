"""Servers under measurement: two or more workers behind one port, and how they are reloaded."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from subprocess import Popen

from .bench import APPS, Bench, app, environment, free_port
from .managers import Manager, Pm, Program
from .probe import wait_for_workers
from .processes import alive, end, run, spawn, wait_until


@dataclass(frozen=True)
class Subject:
    """A server that answers on a port."""

    label: str
    port: int
    workers: frozenset[int]
    """Process ids that answered at its start."""
    reload: Callable[[set[int]], None]
    """Replace the workers; gets those that serve now, returns when they have left."""
    pids: Callable[[], list[int]]
    """The manager's own processes that are on the way of a connection."""


@contextlib.contextmanager
def under_pm(
    bench: Bench, label: str, script: str, workers: int, *options: str
) -> Iterator[Subject]:
    """Serve one of the apps under pm, unchanged."""
    port = free_port()
    manager = Pm(bench, Program("web", app(script), (str(port),), workers))
    manager.options = options
    with manager:
        run(manager.start_command(), manager.environment)
        found = wait_for_workers(port, workers)
        reload = _then_gone(lambda: manager.command("reload", "web"))
        yield Subject(label, port, frozenset(found), reload, lambda: manager.pids()["master"])


@contextlib.contextmanager
def under(
    kind: type[Manager], bench: Bench, label: str, script: str, workers: int, *reload: str
) -> Iterator[Subject]:
    """Serve one of the apps under another manager; `reload` are the words of its command."""
    port = free_port()
    program = Program("web", app(script), (str(port),), workers, script.endswith(".py"))
    with kind(bench, program) as manager:
        run(manager.start_command(), manager.environment)
        found = wait_for_workers(port, workers)
        command = [*manager.list_command()[:-1], *reload]
        yield Subject(
            label, port, frozenset(found),
            _then_gone(lambda: run(command, manager.environment)), manager.all_pids,
        )  # fmt: skip


@contextlib.contextmanager
def plain(bench: Bench, label: str, script: str) -> Iterator[Subject]:
    """Serve one of the apps by itself."""
    port = free_port()
    with _process([bench.tools.python, app(script), str(port)]):
        found = wait_for_workers(port, 1)
        yield Subject(label, port, frozenset(found), lambda _: None, list)


@contextlib.contextmanager
def gunicorn(bench: Bench, label: str, workers: int, *options: str) -> Iterator[Subject]:
    """Serve the WSGI app under gunicorn."""
    port = free_port()
    words = options if any(o.endswith(":app") for o in options) else (*options, "wsgi:app")
    argv = ["-w", str(workers), "-b", f"127.0.0.1:{port}", "--chdir", str(APPS), *words]
    with _process([bench.tools.script("gunicorn"), *argv]) as arbiter:
        yield _by_signal(label, port, workers, arbiter)


@contextlib.contextmanager
def uvicorn(
    bench: Bench, label: str, workers: int, loop: str = "asyncio", http: str = "auto"
) -> Iterator[Subject]:
    """Serve the ASGI app under uvicorn's own workers."""
    port = free_port()
    argv = ["asgi:app", "--port", str(port), "--workers", str(workers), "--loop", loop]
    more = ["--http", http, "--app-dir", str(APPS), "--no-access-log", "--log-level", "warning"]
    with _process([bench.tools.script("uvicorn"), *argv, *more]) as parent:
        yield _by_signal(label, port, workers, parent)


def _by_signal(label: str, port: int, workers: int, process: Popen[bytes]) -> Subject:
    found = wait_for_workers(port, workers)
    reload = _then_gone(lambda: os.kill(process.pid, signal.SIGHUP))
    return Subject(label, port, frozenset(found), reload, list)


def _then_gone(command: Callable[[], object]) -> Callable[[set[int]], None]:
    def reload(old: set[int]) -> None:
        command()
        wait_until(lambda: not any(map(alive, old)), 30, "the old workers' end")

    return reload


@contextlib.contextmanager
def _process(argv: list[str]) -> Iterator[Popen[bytes]]:
    process = spawn(argv, environment())
    try:
        yield process
    finally:
        end(process)
