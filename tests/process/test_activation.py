"""Programs that are given their listeners: LISTEN_FDS, as systemd does it."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from pm.codec import to_plain
from pm.errors import ConfigError
from pm.master.sockets.activation import Activation
from pm.model import AppSpec, ListenerView, Mode
from tests.load import Client, Load
from tests.ports import free_port, is_open
from tests.process.engine import Engine, spec_of

SERVER = """
import os, socket
assert int(os.environ["LISTEN_PID"]) == os.getpid()
count = int(os.environ["LISTEN_FDS"])
listeners = [socket.socket(fileno=3 + number) for number in range(count)]
print([str(one.getsockname()) for one in listeners], os.listdir("/proc/self/fd"), flush=True)
if "NOTIFY_SOCKET" in os.environ:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    with listeners[0].accept()[0] as connection:
        connection.recv(65536)
        body = str(os.getpid()).encode()
        head = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n"
        connection.sendall(head % len(body) + body)
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A server that binds nothing itself."""
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return script


def given(script: Path, *addresses: str, wait_ready: bool = False) -> AppSpec:
    return spec_of(
        script, listen=addresses, exec_mode=Mode.FORK, kill_timeout=2.0, wait_ready=wait_ready
    )


def test_the_listeners_outlive_the_program_and_its_master(server: Path, tmp_path: Path) -> None:
    port = free_port()
    # one that never rests, under load, is else not known to be up for many seconds
    spec = given(server, f"127.0.0.1:{port}", wait_ready=True)
    old = Engine(tmp_path / "home", spec)
    (first,) = old.online(1)
    assert int(Client(port).get()) == first
    assert old.status is not None
    assert old.status.listeners == (ListenerView("127.0.0.1", port, "ipv4", "shared"),)
    with Load(port) as load:
        os.kill(first, signal.SIGKILL)
        old.wait(lambda: old.pids() != [first], "a replacement")
        old.online(1)
        assert old.call("restart").error is None
        assert old.call("reload").error is None
        load.more(50)
    assert not [text for text in load.failures if "Refused" in text]
    (worker,) = old.online(1)
    kept = tuple(old.kept.items())
    os.kill(old.master.pid, signal.SIGKILL)
    old.master.wait()
    os.kill(worker, signal.SIGKILL)
    with Engine(tmp_path / "home", spec, keep=kept) as engine:
        (last,) = engine.online(1)
        assert int(Client(port).get()) == last
    old.close()
    assert not is_open(port)


def test_each_address_has_its_number_and_nothing_else_is_inherited(
    server: Path, tmp_path: Path
) -> None:
    path, port = tmp_path / "app.sock", free_port()
    spec = given(server, f"unix:{path}", f"[::1]:{port}", f"127.0.0.1:{port}")
    with Engine(tmp_path / "home", spec, slots=2) as engine:
        engine.online(2)
        assert path.stat().st_mode & 0o777 == 0o755
        told = engine.said()[0]
        assert told.index(str(path)) < told.index("::1") < told.index("127.0.0.1")
        numbers = told.partition("] [")[2]
        assert "'6'" in numbers, "the folder that is being read"
        assert "'7'" not in numbers
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert not path.exists()


def test_addresses_come_and_go_with_a_reload(server: Path, tmp_path: Path) -> None:
    one, other = free_port(), free_port()
    with Engine(tmp_path / "home", given(server, f"127.0.0.1:{one}")) as engine:
        engine.online(1)
        new = given(server, f"127.0.0.1:{other}")
        broken = given(tmp_path / "missing.py", f"127.0.0.1:{other}")
        assert engine.call("reload", spec=to_plain(broken)).error is not None
        assert (is_open(one), is_open(other)) == (True, False)
        assert engine.call("reload", spec=to_plain(new)).error is None
        assert (is_open(one), is_open(other)) == (False, True)


def test_a_port_in_use_is_named(server: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        with Engine(tmp_path / "home", given(server, address), slots=0) as engine:
            error = engine.call("want", slots=[0]).error
            assert error is not None
            assert error.message == f"cannot listen on {address}: Address already in use"


@pytest.mark.parametrize("text", ["8000", "localhost:80", "1.2.3.4:0", "[::]:99999", "unix:app"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="is no address to listen on"):
        AppSpec("app", "app", "/", exec_mode=Mode.FORK, listen=(text,))


def test_a_cluster_listens_by_itself() -> None:
    with pytest.raises(ConfigError, match="listens by itself"):
        AppSpec("app", "app.py", "/", listen=("127.0.0.1:80",))


def test_a_listener_that_its_program_has_shut_down_can_still_be_closed() -> None:
    activation = Activation(lambda: None)
    address = f"127.0.0.1:{free_port()}"
    (fd,) = activation.open([address], 0o077)
    with socket.socket(fileno=os.dup(fd)) as given_to_program:
        given_to_program.shutdown(socket.SHUT_RDWR)
    assert activation.only(()) == [address]
    assert activation.kept() == {}
