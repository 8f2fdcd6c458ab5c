"""A channel of JSON lines over a unix stream socket, with file descriptors beside them.

Non-blocking and without a loop of its own: the owner calls `receive` when the socket is
readable and `flush` when it is writable and `wants_write`. Bounded: a peer that sends a line
over `MAX_LINE` or more descriptors than it announced is cut off.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections import deque
from typing import Any

MAX_LINE = 16 << 20
_MAX_FDS = 250  # the kernel takes 253 in one message (SCM_MAX_FD)


class Broken(Exception):
    """The peer does not keep to the protocol."""


class Channel:
    """One end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.closed = False
        self._in = bytearray()
        self._fds: deque[int] = deque()
        self._out: deque[tuple[memoryview, list[int]]] = deque()

    def fileno(self) -> int:
        """Return the socket's fd, for selectors."""
        return self.sock.fileno()

    @property
    def wants_write(self) -> bool:
        """True while something waits to be sent."""
        return bool(self._out)

    def send(self, kind: str, body: object, fds: tuple[int, ...] = ()) -> None:
        """Queue a message and send what fits; the fds are dup'ed, the caller keeps its own."""
        line = {"kind": kind, "fds": len(fds), "body": body}
        raw = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        self._out.append((memoryview(raw), [os.dup(fd) for fd in fds]))
        self.flush()

    def flush(self) -> None:
        """Send until the kernel's buffer is full; a vanished peer marks the channel closed."""
        while self._out and not self.closed:
            data, fds = self._out[0]
            try:
                sent = self._send_some(data, fds)
            except BlockingIOError:
                return
            except OSError:
                self.closed = True
                return
            for fd in fds:
                os.close(fd)
            if sent < len(data):
                self._out[0] = (data[sent:], [])
            else:
                self._out.popleft()

    def _send_some(self, data: memoryview, fds: list[int]) -> int:
        if not fds:
            return self.sock.send(data)
        rights = array.array("i", fds)
        return self.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])

    def receive(self) -> list[tuple[str, Any, list[int]]]:
        """Read all there is: (kind, body, fds) each; at EOF `closed` is set.

        Raises Broken if the peer breaks the protocol.
        """
        self._fill()
        messages = []
        while (end := self._in.find(b"\n")) >= 0:
            line = bytes(self._in[:end])
            del self._in[: end + 1]
            messages.append(self._decode(line))
        if len(self._in) > MAX_LINE:
            raise Broken(f"a line over {MAX_LINE} bytes")
        return messages

    def _fill(self) -> None:
        space = socket.CMSG_SPACE(_MAX_FDS * 4)
        while len(self._in) <= MAX_LINE:
            try:
                data, extra, _, _ = self.sock.recvmsg(1 << 16, space, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return
            except OSError:
                self.closed = True
                return
            for level, kind, raw in extra:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    self._fds.extend(array.array("i", raw[: len(raw) - len(raw) % 4]))
            if not data:
                self.closed = True
                return
            self._in += data

    def _decode(self, line: bytes) -> tuple[str, Any, list[int]]:
        try:
            message = json.loads(line)
            kind, count, body = message["kind"], int(message["fds"]), message["body"]
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(f"not a message: {line[:80]!r}") from error
        if not isinstance(kind, str) or not 0 <= count <= len(self._fds):
            raise Broken(f"{kind}: {count} descriptors announced, {len(self._fds)} came")
        return kind, body, [self._fds.popleft() for _ in range(count)]

    def close(self) -> None:
        """Close the socket and every descriptor that nobody took."""
        self.closed = True
        self.sock.close()
        for _, fds in self._out:
            for fd in fds:
                os.close(fd)
        for fd in self._fds:
            os.close(fd)
        self._out.clear()
        self._fds.clear()
