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
from collections.abc import Iterable
from typing import Any

MAX_LINE = 16 << 20
_MAX_FDS = 250  # the kernel takes 253 in one message (SCM_MAX_FD)
_LOST = -1  # in the queue of descriptors: those of one message, for which we had no room


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
        """Queue a message and send what fits; the fds are dup'ed, the caller keeps its own.

        Does nothing once the channel is closed. Raises ValueError for over 250 fds, which the
        kernel would not take in one message.
        """
        if len(fds) > _MAX_FDS:
            raise ValueError(f"{len(fds)} descriptors in one message, at most {_MAX_FDS}")
        if self.closed:
            return
        line = {"kind": kind, "fds": len(fds), "body": body}
        raw = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        copies: list[int] = []
        self._out.append((memoryview(raw), copies))
        try:
            copies.extend(map(os.dup, fds))
        except OSError:
            self._out.pop()
            _close(copies)
            raise
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
            _close(fds)
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

        A message whose descriptors this process has no room for (EMFILE) comes without any.
        Raises Broken if the peer breaks the protocol.
        """
        self._fill()
        messages: list[tuple[str, Any, list[int]]] = []
        try:
            while (end := self._in.find(b"\n")) >= 0:
                line = bytes(self._in[:end])
                del self._in[: end + 1]
                messages.append(self._decode(line))
            self._check_rest()
        except Broken:
            for _, _, fds in messages:
                _close(fds)
            raise
        return messages

    def _check_rest(self) -> None:
        if len(self._in) > MAX_LINE:
            raise Broken(f"a line over {MAX_LINE} bytes")
        # Descriptors come with the first byte of their line, so none is left without one.
        if len(self._fds) > (_MAX_FDS if self._in else 0):
            raise Broken(f"{len(self._fds)} descriptors that no line announced")

    def _fill(self) -> None:
        space = socket.CMSG_SPACE(_MAX_FDS * 4)
        while len(self._in) <= MAX_LINE:
            try:
                data, extra, flags, _ = self.sock.recvmsg(1 << 16, space, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return
            except OSError:
                self.closed = True
                return
            fds = _descriptors(extra)
            if flags & socket.MSG_CTRUNC:
                _close(fds)
                fds = [_LOST]
            self._fds.extend(fds)
            if not data:
                self.closed = True
                return
            self._in += data

    def _decode(self, line: bytes) -> tuple[str, Any, list[int]]:
        try:
            message = json.loads(line)
            kind, count, body = message["kind"], message["fds"], message["body"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Broken(f"not a message: {line[:80]!r}") from None
        if not isinstance(kind, str) or type(count) is not int:
            raise Broken(f"not a message: {line[:80]!r}")
        if count > 0 and self._fds and self._fds[0] == _LOST:
            self._fds.popleft()
            return kind, body, []
        if not 0 <= count <= len(self._fds):
            raise Broken(f"{kind}: {count} descriptors announced, {len(self._fds)} came")
        return kind, body, [self._fds.popleft() for _ in range(count)]

    def close(self) -> None:
        """Close the socket and every descriptor that nobody took."""
        self.closed = True
        self.sock.close()
        for _, fds in self._out:
            _close(fds)
        _close(self._fds)
        self._out.clear()
        self._fds.clear()


def _descriptors(extra: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, raw in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(raw[: len(raw) - len(raw) % found.itemsize])
    return found.tolist()


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        if fd != _LOST:
            os.close(fd)
