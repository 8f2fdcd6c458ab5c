"""uvicorn on uvloop: what is under way on a kept connection when its worker leaves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "uvloop_server.py"
LARGE = 1 << 22
"""As in APP."""
HTTP = pytest.mark.parametrize("kind", ["h11", "httptools"])
REQUEST = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"


class Kept:
    """A connection that is kept, to one worker at first."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self._answers = self.sock.makefile("rb")

    def say(self, data: bytes) -> None:
        """Send what may be a part of a request."""
        self.sock.sendall(data)

    def body(self) -> bytes:
        """Return the body of the next answer."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._answers.readline()
            assert line, f"end of file after {head!r}"
            head += line
        _, length, rest = head.lower().partition(b"content-length:")
        if length:
            return self._answers.read(int(rest.split()[0]))
        body = b""
        while size := int(self._answers.readline(), 16):
            body += self._answers.read(size)
            self._answers.readline()
        self._answers.readline()
        return body

    def pid(self) -> int:
        """Return the body of the next answer, a pid."""
        return int(self.body())

    def get(self, path: str = "/") -> int:
        """Ask and return the pid that answers."""
        self.say(REQUEST % path.encode())
        return self.pid()


@contextmanager
def served(folder: Path, kind: str) -> Iterator[tuple[Engine, Kept, int]]:
    """Run the app in one worker; give its master, a connection that was used, and its pid."""
    port = free_port()
    spec = spec_of(APP, kind, port, folder / "go", listen_timeout=60.0)
    with Engine(folder / "home", spec) as engine:
        (old,) = engine.online(1)
        client = Kept(port)
        with client.sock:
            assert client.get() == old
            yield engine, client, old


def drains(engine: Engine) -> None:
    """Wait until the first worker is drained."""
    engine.wait(
        lambda: (
            "draining" in engine.states()
            or any(happened.event.reason.endswith("is ready") for happened in engine.events)
        ),
        "it drains",
    )


@HTTP
@pytest.mark.parametrize("op", ["reload", "stop"])
def test_a_request_under_way_is_answered(tmp_path: Path, kind: str, op: str) -> None:
    with served(tmp_path, kind) as (engine, client, old):
        client.say(REQUEST % b"/held")
        until((tmp_path / "go.held").exists, "it is under way")
        number = engine.send(op)
        drains(engine)
        (tmp_path / "go").touch()
        assert client.pid() == old
        assert engine.result(number).error is None
        if op == "reload":
            assert client.get() == engine.pids()[0] != old


@HTTP
def test_a_head_that_is_half_there_is_read_on(tmp_path: Path, kind: str) -> None:
    with served(tmp_path, kind) as (engine, client, old):
        client.say(b"GET / HTTP/1.1\r\nHo")
        number = engine.send("reload")
        drains(engine)
        client.say(b"st: a\r\n\r\n")
        client.pid()  # read by the first worker, or moved with its bytes
        assert engine.result(number).error is None
        assert client.get() != old


@HTTP
def test_a_body_that_is_half_there_is_read_on(tmp_path: Path, kind: str) -> None:
    with served(tmp_path, kind) as (engine, client, old):
        client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 40000)
        number = engine.send("reload")
        drains(engine)
        client.say(b"x" * 60000)
        assert client.body() == b"100000"
        assert engine.result(number).error is None
        assert client.get() != old


@HTTP
def test_pipelined_requests_are_all_answered(tmp_path: Path, kind: str) -> None:
    with served(tmp_path, kind) as (engine, client, old):
        client.say(REQUEST % b"/held" + REQUEST % b"/" + REQUEST % b"/pieces" + b"GET / HT")
        until((tmp_path / "go.held").exists, "the first is under way")
        number = engine.send("reload")
        drains(engine)
        (tmp_path / "go").touch()
        assert [client.pid() for _ in range(3)] == [old] * 3
        client.say(b"TP/1.1\r\nHost: a\r\n\r\n")
        client.pid()
        assert engine.result(number).error is None
        assert client.get() != old


@HTTP
def test_a_large_answer_is_sent_whole_and_the_connection_moves(tmp_path: Path, kind: str) -> None:
    with served(tmp_path, kind) as (engine, client, old):
        client.say(REQUEST % b"/large")
        number = engine.send("reload")
        drains(engine)
        assert len(client.body()) == LARGE
        assert engine.result(number).error is None
        assert client.get() != old
