"""Clients that count each failed request: threads over plain sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar

from tests.waiting import until

TIMEOUT = 30.0

T = TypeVar("T")


class Failed(Exception):
    """A request that got no complete 200 answer; the text says what happened instead."""


class Asker(Protocol):
    """A client of any protocol."""

    def get(self) -> str:
        """Ask once and return the answer; raises Failed."""

    def close(self) -> None:
        """Close what is open."""


class Client:
    """One connection at a time to 127.0.0.1:port."""

    def __init__(self, port: int, keepalive: bool = False, path: str = "/") -> None:
        self.port = port
        self.keepalive = keepalive
        self.path = path
        self._sock: socket.socket | None = None
        self._rest = b""

    def get(self, path: str = "") -> str:
        """Return the body of the answer; raises Failed."""
        try:
            return self._get(path or self.path)
        except OSError as error:
            self.close()
            raise Failed(f"{type(error).__name__}: {error}") from None
        except Failed:
            self.close()
            raise

    def _get(self, path: str) -> str:
        if self._sock is None:
            self._sock = self.connect()
        wish = "keep-alive" if self.keepalive else "close"
        self._sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: {wish}\r\n\r\n".encode()
        )
        head = self._read_head()
        chunked = head.get("transfer-encoding") == "chunked"
        length = 0 if chunked else int(head.get("content-length", "-1"))
        body = self._read_chunks() if chunked else self._read_body(length)
        if not self.keepalive or length < 0 or not _persists(head):
            self.close()
        return body.decode()

    def connect(self) -> socket.socket:
        """Open a connection."""
        sock = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _read_head(self) -> dict[str, str]:
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, self._rest = self._rest.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        if status.split()[1] != "200":
            raise Failed(f"status: {status}")
        fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        return {"version": status.split()[0], **fields}

    def _read_body(self, length: int) -> bytes:
        if length < 0:
            with contextlib.suppress(Failed):
                while True:
                    self._more()
            return self._rest
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return body

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                self._more()
            line, self._rest = self._rest.split(b"\r\n", 1)
            size = int(line, 16)
            body += self._read_body(size + 2)[:size]
            if not size:
                return body

    def _more(self) -> None:
        assert self._sock is not None
        data = self._sock.recv(65536)
        if not data:
            raise Failed("eof: the server closed before the answer was complete")
        self._rest += data

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._sock is not None:
            self._sock.close()
        self._sock = None
        self._rest = b""


def _persists(head: dict[str, str]) -> bool:
    """Return True if the server keeps the connection (RFC 9112, 9.3)."""
    said = head.get("connection", "").lower()
    return said != "close" and (head["version"] != "HTTP/1.0" or said == "keep-alive")


def everybody(ask: Callable[[], T], count: int) -> set[T]:
    """Ask until there have been so many different answers, and return them."""
    answers: set[T] = set()

    def one_more() -> bool:
        answers.add(ask())
        return len(answers) >= count

    until(one_more, f"{count} different answers")
    return answers


class Load:
    """`clients` threads that ask without pause while the `with` block runs.

    They ask by HTTP, or by whatever `make` makes.
    """

    def __init__(
        self,
        port: int,
        clients: int = 8,
        keepalive: bool = False,
        make: Callable[[], Asker] | None = None,
    ) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.slowest = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(make() if make else Client(port, keepalive),))
            for _ in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        try:
            self.more(50)
        except AssertionError:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def count(self) -> int:
        """Requests so far, failed ones included."""
        with self._lock:
            return self.answers.total() + len(self.failures)

    def more(self, requests: int) -> None:
        """Wait until that many further requests are done."""
        target = self.count + requests
        until(lambda: self.count >= target, f"{requests} more requests", 60)

    def _ask(self, client: Asker) -> None:
        while not self._stop.is_set():
            start = time.monotonic()
            try:
                body, failure = client.get(), ""
            except Failed as error:
                body, failure = "", str(error)
            took = time.monotonic() - start
            with self._lock:
                self.slowest = max(self.slowest, took)
                if failure:
                    self.failures.append(failure)
                else:
                    self.answers[body] += 1
        client.close()
