"""Servers that accept outside Python's socket module are in the rotation, and reload."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.load import Client, Load, everybody
from tests.ports import free_port
from tests.process.engine import Engine, spec_of

APPS = Path(__file__).parent / "apps"
GEVENT = [("gevent_servers.py", kind) for kind in ("wsgi", "stream", "two", "late")]
UVLOOP = [("uvloop_server.py", http) for http in ("h11", "httptools")]
TRIO = ("trio_server.py",)
WORKERS = 3


@contextmanager
def served(home: Path, app: str, *way: str, workers: int = WORKERS) -> Iterator[tuple[Engine, int]]:
    """Run an app in several workers, and give its master and its port."""
    port = free_port()
    spec = spec_of(APPS / app, *way, port, listen_timeout=60.0)
    with Engine(home, spec, workers, listens=True) as engine:
        engine.online(workers)
        yield engine, port


def connections(stack: ExitStack, port: int, count: int) -> list[Client]:
    """Return clients, each with a kept connection of its own."""
    clients = [Client(port, keepalive=True) for _ in range(count)]
    for client in clients:
        stack.callback(client.close)
    return clients


@pytest.mark.parametrize("app", [*GEVENT, *UVLOOP, TRIO], ids="-".join)
def test_they_are_in_strict_rotation(tmp_path: Path, app: tuple[str, ...]) -> None:
    with served(tmp_path / "home", *app) as (engine, port), ExitStack() as stack:
        everybody(Client(port).get, WORKERS)  # a first request may have something to import
        asked = [Client(port).get() for _ in range(4 * WORKERS)]
        assert asked == asked[:WORKERS] * 4
        assert sorted(map(int, asked[:WORKERS])) == sorted(engine.pids())
        clients = connections(stack, port, 4 * WORKERS)
        first = [client.get() for client in clients]
        assert sorted(Counter(first).values()) == [4] * WORKERS
        assert [client.get() for client in clients] == first


@pytest.mark.parametrize("app", [*GEVENT, *UVLOOP], ids="-".join)
def test_idle_connections_move_at_a_reload(tmp_path: Path, app: tuple[str, ...]) -> None:
    with served(tmp_path / "home", *app) as (engine, port), ExitStack() as stack:
        clients = connections(stack, port, 4 * WORKERS)
        before = {client.get() for client in clients}
        assert engine.call("reload").error is None
        after = {client.get() for client in clients}
        assert after <= set(map(str, engine.online(WORKERS)))
        assert not after & before


@pytest.mark.parametrize("keepalive", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("app", [GEVENT[0], *UVLOOP, TRIO], ids="-".join)
def test_a_reload_under_load_loses_nothing(
    tmp_path: Path, app: tuple[str, ...], keepalive: bool
) -> None:
    served_by_two = served(tmp_path / "home", *app, workers=2)
    with served_by_two as (engine, port), Load(port, 4, keepalive) as load:
        for _ in range(2):
            assert engine.call("reload").error is None
            load.more(50)
    assert load.failures == []


def test_a_port_of_the_app_is_free_for_a_worker_that_does_not_listen_yet(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as other:
        spec = spec_of(APPS / "cautious.py", port, other.getsockname()[1])
        with Engine(tmp_path / "home", spec, WORKERS) as engine:
            engine.online(WORKERS)
            seen = {Client(port).get() for _ in range(WORKERS)}
            assert seen == {"free occupied occupied"}
            assert engine.call("reload").error is None
            assert {Client(port).get() for _ in range(WORKERS)} == seen
