"""A client that counts: requests, every failure with its kind, the longest wait, who answered.

All servers of the benchmarks answer with their process id.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from types import TracebackType

TIMEOUT = 10.0
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


class Connection:
    """One HTTP/1.1 connection to the loopback address."""

    def __init__(self, port: int, timeout: float = TIMEOUT) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open = True
        """False once the server has said that it closes."""

    def ask(self, last: bool = False) -> int:
        """Send a request; return the process id that answered. Raises OSError."""
        self._sock.sendall(_REQUEST + (b"Connection: close\r\n\r\n" if last else b"\r\n"))
        data = self._more(b"")
        while b"\r\n\r\n" not in data:
            data = self._more(data)
        head, _, body = data.partition(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        size = next(int(f[15:]) for f in fields if f.startswith(b"content-length:"))
        while len(body) < size:
            body = self._more(body)
        if not fields[0].split()[1] == b"200":
            raise ConnectionError(f"answered {fields[0].decode()}")
        self.open = b"connection: close" not in fields and not fields[0].startswith(b"http/1.0")
        return int(body)

    def _more(self, data: bytes) -> bytes:
        part = self._sock.recv(65536)
        if not part:
            raise ConnectionAbortedError("closed without an answer")
        return data + part

    def close(self) -> None:
        """Close it."""
        self._sock.close()


def ask(port: int, timeout: float = TIMEOUT) -> int:
    """Ask once over a new connection."""
    connection = Connection(port, timeout)
    try:
        return connection.ask(last=True)
    finally:
        connection.close()


def wait_for(port: int, seconds: float = 60) -> int:
    """Wait until somebody answers on a port; return its process id."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask(port)
        except (OSError, StopIteration):
            if time.monotonic() > end:
                raise TimeoutError(f"nobody answers on port {port}") from None
            time.sleep(0.001)


def wait_for_workers(port: int, count: int, seconds: float = 60) -> set[int]:
    """Wait until `count` different processes have answered."""
    end = time.monotonic() + seconds
    seen = {wait_for(port, seconds)}
    while len(seen) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"port {port}: {len(seen)} of {count} processes answer")
        seen |= _ask_together(port, 4 * count)
    return seen


def _ask_together(port: int, count: int) -> set[int]:
    """Open connections before asking: one free worker would take them all one after the other."""
    seen = set()
    opened = [Connection(port) for _ in range(count)]
    for connection in opened:
        with contextlib.suppress(OSError):
            seen.add(connection.ask(last=True))
        connection.close()
    return seen


class Load:
    """Clients, each in a thread, that ask without end from `with` to its end."""

    def __init__(self, port: int, clients: int = 8, keep: bool = False, pause: float = 0.0) -> None:
        self._port = port
        self._keep = keep
        self._pause = pause
        self._running = True
        self._lock = threading.Lock()
        self.requests = 0
        self.failed: Counter[str] = Counter()
        """Requests on a fresh connection that got no answer, by kind."""
        self.dropped = 0
        """Requests on a connection used before that got no answer."""
        self.longest = 0.0
        """Seconds."""
        self.answered: Counter[int] = Counter()
        """Requests by process id."""
        self.last = 0
        """Who answered last."""
        self.seen_at = 0.0
        """When somebody unknown answered (`watch_for_others`), monotonic."""
        self._known: set[int] | None = None
        self._fresh = threading.Event()
        self._threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._running = False
        for thread in self._threads:
            thread.join()

    def watch_for_others(self, known: set[int]) -> threading.Event:
        """Return an event that is set when a process answers that is not among the known."""
        with self._lock:
            self._known = known
        return self._fresh

    def _client(self) -> None:
        connection: Connection | None = None
        while self._running:
            begin = time.monotonic()
            used = connection is not None
            try:
                connection = connection or Connection(self._port)
                self._note(connection.ask(last=not self._keep), begin)
                done = not self._keep or not connection.open
            except OSError as error:
                self._count(error, used, begin)
                done = True
            if done and connection is not None:
                connection.close()
                connection = None
            if self._pause:
                time.sleep(self._pause)
        if connection is not None:
            connection.close()

    def _note(self, pid: int, begin: float) -> None:
        end = time.monotonic()
        with self._lock:
            self.requests += 1
            self.answered[pid] += 1
            self.last = pid
            self.longest = max(self.longest, end - begin)
            if self._known is not None and pid not in self._known and not self.seen_at:
                self.seen_at = end
                self._fresh.set()

    def _count(self, error: OSError, used: bool, begin: float) -> None:
        with self._lock:
            self.requests += 1
            self.longest = max(self.longest, time.monotonic() - begin)
            if used:
                self.dropped += 1
            else:
                self.failed[type(error).__name__] += 1

    @property
    def lost(self) -> int:
        """All requests without an answer."""
        return self.dropped + self.failed.total()
