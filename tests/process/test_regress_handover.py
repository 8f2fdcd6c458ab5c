"""Connections at a reload, over real workers: each test holds a bug that once was."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.load import Client
from tests.ports import free_port
from tests.process.engine import PATIENCE, Engine, spec_of
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
MANY = 300
QUIET = 0.5
"""Seconds in which a connection that is to live on must not end."""
LONGER = 1.5
"""The same, beyond the second that what a dead worker leaves behind is given."""
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"


@contextmanager
def talker(home: Path, *way: str) -> Iterator[tuple[Engine, Client]]:
    """Run the talker, and give a client on a keep-alive connection."""
    port = free_port()
    with Engine(home, spec_of(APPS / "talker.py", port, *way, kill_timeout=3.0)) as engine:
        engine.online(1)
        client = Client(port, keepalive=True)
        try:
            yield engine, client
        finally:
            client.close()


def reloaded(engine: Engine) -> int:
    """Reload, and return the new worker's pid."""
    assert engine.call("reload").error is None
    return engine.online(1)[0]


def read_some(sock: socket.socket, end: bytes) -> bytes:
    """Read until what was read ends so."""
    data = b""
    while not data.endswith(end):
        more = sock.recv(4096)
        assert more, f"end of file after {data!r}"
        data += more
    return data


def test_all_idle_connections_live_through_a_reload(tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APPS / "talker.py", port)
    with Engine(tmp_path / "home", spec) as engine, ExitStack() as stack:
        (old,) = engine.online(1)
        clients = [Client(port, keepalive=True) for _ in range(MANY)]
        for client in clients:
            stack.callback(client.close)
            assert client.get() == f"{old} "
        new = reloaded(engine)
        assert {client.get() for client in clients} == {f"{new} "}


def test_idle_connections_may_take_longer_than_a_second_to_move(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "slow_mover.py", port)) as engine:
        engine.online(1)
        with ExitStack() as stack:
            clients = [Client(port, keepalive=True) for _ in range(20)]
            for client in clients:
                stack.callback(client.close)
                client.get()
            new = reloaded(engine)
            assert {client.get() for client in clients} == {str(new)}


def test_what_a_worker_gives_back_with_its_last_breath_is_heard(tmp_path: Path) -> None:
    port = free_port()
    served = tmp_path / "served"
    spec = spec_of(APPS / "returner.py", port, MANY, served)
    with Engine(tmp_path / "home", spec) as engine, ExitStack() as stack:
        (old,) = engine.online(1)
        clients = [Client(port, keepalive=True) for _ in range(MANY)]
        for client in clients:
            stack.callback(client.close)
            assert client.get() == str(old)
        until(served.exists, "all served")
        new = reloaded(engine)
        assert {client.get() for client in clients} == {str(new)}


def test_a_farewell_does_not_reach_the_client_of_the_next_worker(tmp_path: Path) -> None:
    with talker(tmp_path / "home", "farewell") as (engine, client):
        client.get()
        new = reloaded(engine)
        assert client.get() == f"{new} "
        until(lambda: engine.out.read_text(), "the old worker has tried")
        assert set(engine.out.read_text().split()) == {"BrokenPipeError"}


def test_a_late_body_after_the_worker_before_set_a_timeout(tmp_path: Path) -> None:
    with talker(tmp_path / "home", "timeout") as (engine, client):
        client.get()
        new = reloaded(engine)
        assert client._sock is not None
        client._sock.sendall(HEAD)
        early = select.select([client._sock], [], [], QUIET)[0]
        assert not early, f"without the body: {client._sock.recv(100)!r}"
        client._sock.sendall(b"hello")
        assert read_some(client._sock, b"hello").endswith(f"\r\n\r\n{new} hello".encode())


def test_a_moved_connection_keeps_its_blocking_mode(tmp_path: Path) -> None:
    with talker(tmp_path / "home", "late") as (engine, client):
        client.get()
        new = reloaded(engine)
        assert client.get() == f"{new} "
        assert engine.said() == ["blocking"], "the old worker has tried"


def test_requests_in_forked_children_survive_a_reload(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "forker.py", port)) as engine:
        before = engine.online(1)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(HEAD)
            number = engine.send("reload")
            engine.wait(lambda: engine.pids() not in ([], before), "a new worker")
            assert not select.select([client], [], [], LONGER)[0], "cut off"
            client.sendall(b"hello")
            read_some(client, b"\r\n\r\nhello")
        assert engine.result(number).error is None


@pytest.mark.parametrize(("way", "gave"), [("dup", "True"), ("dontwait", "BlockingIOError")])
def test_on_an_idle_connection(way: str, gave: str, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "talker.py", port, way)) as engine:
        (pid,) = engine.online(1)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(GET)
            read_some(client, f"\r\n\r\n{pid} {gave}".encode())


@pytest.mark.parametrize("way", ["thread", "timeout", "select", "asyncio"])
def test_a_worker_that_gets_no_core_when_it_has_just_accepted(way: str, tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APPS / "starved_taker.py", port, way)) as engine:
        engine.online(1)
        Client(port).get()
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(GET)
            until(lambda: engine.out.read_text(), "it has accepted")
            assert engine.call("reload").error is None
            read_some(client, b"taken")
