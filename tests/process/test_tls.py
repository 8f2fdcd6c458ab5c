"""TLS: servers that wrap the listener, and those that wrap each connection."""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from pm.master.loop import now
from pm.master.workers.worker import BLIND_GRACE
from pm.model import AppSpec
from tests.compat.asking import TlsClient
from tests.load import Client, Load
from tests.ports import free_port
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "tls_servers.py"
PATIENT = Path(__file__).parent / "patient_master.py"
"""For what is done while a worker waits for blind connections, which is for a second otherwise."""
LARGE = 1 << 22
"""As in APP."""
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


def server(folder: Path, kind: str, port: int) -> AppSpec:
    """Return the spec of a server; what it holds is answered once `folder / "go"` is there."""
    return spec_of(APP, kind, port, folder / "go")


@KINDS
def test_tls_servers_are_in_strict_rotation(tmp_path: Path, kind: str) -> None:
    port = free_port()
    with Engine(tmp_path / "home", server(tmp_path, kind, port), WORKERS) as engine:
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

    def ask(self, path: str = "/") -> None:
        """End the handshake, and ask in the same moment."""
        self._tls.do_handshake()
        self._tls.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        self.sock.sendall(self._out.read())

    def answer(self) -> int:
        """Return the pid that answers."""
        data = b""
        while not (body := data.partition(b"\r\n\r\n")[2]):
            more = self.sock.recv(1 << 14)
            assert more, f"end of file after {data!r}"
            self._in.write(more)
            with suppress(ssl.SSLWantReadError):
                while piece := self._tls.read():
                    data += piece
        self.sock.close()
        return int(body)


@KINDS
def test_a_handshake_under_way_at_a_reload_is_finished(tmp_path: Path, kind: str) -> None:
    port = free_port()
    spec = server(tmp_path, kind, port)
    with Engine(tmp_path / "home", spec, master=PATIENT) as engine:
        (old,) = engine.online(1)
        client = HalfDone(port)
        number = engine.send("reload")
        until(lambda: kind == "listener" or get(port) != old, "the new worker serves")
        assert not select.select([client.sock], [], [], QUIET)[0], "the old worker has let go"
        client.ask()
        assert client.answer() == old
        assert engine.result(number).error is None


def connect(port: int) -> ssl.SSLSocket:
    """Return a new connection."""
    return context().wrap_socket(socket.create_connection(("127.0.0.1", port), 10))


def ask(sock: socket.socket, path: str = "/") -> None:
    """Send a request."""
    sock.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())


def answer(sock: socket.socket) -> tuple[bytes, int]:
    """Return the head and the pid of an answer that leaves the connection open, or may."""
    data = b""
    while not data[-1:].isdigit():
        more = sock.recv(4096)
        assert more, f"end of file after {data!r}"
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return head, int(body)


@KINDS
@pytest.mark.parametrize("op", ["stop", "reload"])
def test_a_request_under_way_is_answered(tmp_path: Path, kind: str, op: str) -> None:
    port = free_port()
    with Engine(tmp_path / "home", server(tmp_path, kind, port)) as engine:
        (old,) = engine.online(1)
        with connect(port) as sock:
            ask(sock, "/held")
            until((tmp_path / "go.held").exists, "it is under way")
            number = engine.send(op)
            sock.settimeout(BLIND_GRACE + QUIET)
            with pytest.raises(TimeoutError):  # it has not been cut
                sock.recv(1)
            sock.settimeout(10)
            (tmp_path / "go").touch()
            assert answer(sock)[1] == old
        assert engine.result(number).error is None


def test_a_request_that_came_with_the_end_of_the_handshake_is_answered(tmp_path: Path) -> None:
    """The server's last words are session tickets then, not an answer."""
    port = free_port()
    with Engine(tmp_path / "home", server(tmp_path, "asyncio", port)) as engine:
        (old,) = engine.online(1)
        client = HalfDone(port)
        client.ask("/held")
        assert client.sock.recv(1, socket.MSG_PEEK), "the tickets"
        until((tmp_path / "go.held").exists, "it is under way")
        number = engine.send("stop")
        engine.wait(lambda: "draining" in engine.states(), "it drains")
        finished = now() + BLIND_GRACE + QUIET
        engine.wait(lambda: engine.states() != ["draining"] or now() > finished, "time passed")
        assert engine.states() == ["draining"]
        (tmp_path / "go").touch()
        assert client.answer() == old
        assert engine.result(number).error is None


def test_a_large_answer_reaches_a_client_that_reads_slowly(tmp_path: Path) -> None:
    """Its end is in the buffers of asyncio then: in that of the session, later in the socket's."""
    port = free_port()
    with Engine(tmp_path / "home", server(tmp_path, "asyncio", port)) as engine:
        (old,) = engine.online(1)
        with connect(port) as sock:
            ask(sock, "/large")
            body = sock.recv(4096).partition(b"\r\n\r\n")[2]
            number = engine.send("stop")
            engine.wait(lambda: "draining" in engine.states(), "it drains")
            finished = now() + BLIND_GRACE + QUIET
            engine.wait(lambda: engine.states() != ["draining"] or now() > finished, "time passed")
            assert engine.states() == ["draining"]
            while len(body) < LARGE + len(str(old)):
                more = sock.recv(1 << 16)
                assert more, f"end of file after {len(body)} bytes"
                body += more
        assert engine.result(number).error is None


@KINDS
def test_a_draining_worker_says_that_it_closes(tmp_path: Path, kind: str) -> None:
    port = free_port()
    with Engine(tmp_path / "home", server(tmp_path, kind, port)) as engine:
        (old,) = engine.online(1)
        with connect(port) as idle, connect(port) as held:
            ask(idle)
            head, pid = answer(idle)
            assert (b"Connection: close" in head, pid) == (False, old)
            ask(held, "/held")
            until((tmp_path / "go.held").exists, "it is under way")
            number = engine.send("reload")
            engine.wait(lambda: "draining" in engine.kinds() or get(port) != old, "it drains")
            ask(idle)
            head, pid = answer(idle)
            assert (b"Connection: close" in head, pid) == (True, old)
            ask(idle)  # all the same
            assert idle.recv(1) == b""
            (tmp_path / "go").touch()
            assert answer(held)[1] == old
        assert engine.result(number).error is None


@KINDS
def test_clients_that_keep_asking_lose_nothing_at_a_reload(tmp_path: Path, kind: str) -> None:
    port = free_port()

    def keeping() -> Client:
        return TlsClient(port, keepalive=True)

    with Engine(tmp_path / "home", server(tmp_path, kind, port), WORKERS) as engine:
        engine.online(WORKERS)
        with Load(0, 4, make=keeping) as load:
            for _ in range(2):
                assert engine.call("reload").error is None
                load.more(20)
    assert load.failures == [], engine.events
