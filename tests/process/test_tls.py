"""TLS: servers that wrap the listener, and those that wrap each connection."""

from __future__ import annotations

import select
import socket
import ssl
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "tls_servers.py"
WORKERS = 2
QUIET = 0.3
"""Seconds in which a connection that is to live on must not end."""
KINDS = pytest.mark.parametrize("kind", ["listener", "asyncio"])


def context() -> ssl.SSLContext:
    """Return a client's context that takes any certificate."""
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def read(sock: socket.socket) -> int:
    """Ask for a page over TLS and return the pid in its body."""
    sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    data = b""
    while more := sock.recv(4096):
        data += more
    return int(data.split(b"\r\n\r\n")[1])


def get(port: int) -> int:
    """Return the pid that answers on a new connection."""
    sock = socket.create_connection(("127.0.0.1", port), 10)
    with context().wrap_socket(sock) as wrapped:
        return read(wrapped)


@KINDS
def test_tls_servers_are_in_strict_rotation(tmp_path: Path, kind: str) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APP, kind, port), WORKERS) as engine:
        pids = engine.online(WORKERS)
        asked = [get(port) for _ in range(8)]
        assert asked == asked[:2] * 4
        assert sorted(asked[:2]) == sorted(pids)


class HalfDone:
    """A client that has sent its hello and taken the server's answer, and goes on later."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context().wrap_bio(self._in, self._out)
        with pytest.raises(ssl.SSLWantReadError):
            self._tls.do_handshake()
        self.sock.sendall(self._out.read())
        self._in.write(self.sock.recv(1 << 14))

    def finish(self) -> int:
        """End the handshake, ask, and return the pid that answers."""
        self._tls.do_handshake()
        self._tls.write(b"GET / HTTP/1.0\r\n\r\n")
        self.sock.sendall(self._out.read())
        while more := self.sock.recv(1 << 14):
            self._in.write(more)
        self.sock.close()
        return int(self._tls.read().split(b"\r\n\r\n")[1] or self._tls.read())


@KINDS
def test_a_handshake_under_way_at_a_reload_is_finished(tmp_path: Path, kind: str) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APP, kind, port)) as engine:
        (old,) = engine.online(1)
        client = HalfDone(port)
        number = engine.send("reload")
        until(lambda: kind == "listener" or get(port) != old, "the new worker serves")
        assert not select.select([client.sock], [], [], QUIET)[0], "the old worker has let go"
        assert client.finish() == old
        assert engine.result(number).error is None
