"""The client's half of ZMTP 3.0 over a unix socket: a REQ and a SUB, without libzmq.

Importing pyzmq takes longer than all the rest of `pm list`; what a REQ and a SUB need of the
protocol is this page. Sources: RFC 23 (ZMTP 3.0: greeting, NULL mechanism, frames), RFC 37
(ZMTP 3.1, whose peers talk 3.0 to a 3.0 peer) and RFC 28 (REQ puts an empty frame first).

    greeting   ff 00*8 7f | 03 00 | "NULL" padded to 20 | 00 | 00*31
    frame      flags (1 more, 2 long, 4 command) | size (1 byte, or 8 if long) | body
    READY      a command: 05 "READY", then properties: len name, len (4 bytes) value
    subscribe  a message: 01 topic

Nothing is buffered in here, so `select` on a Peer tells the truth.
"""

from __future__ import annotations

import socket

_GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MORE, _LONG, _COMMAND = 1, 2, 4
_MAX_FRAME = 1 << 30


class Closed(OSError):
    """The peer went away or does not speak ZMTP."""


class Peer:
    """One connection to a ZeroMQ socket, after the handshake; raises Closed or TimeoutError."""

    def __init__(self, sock: socket.socket, kind: str) -> None:
        self._sock = sock
        self._send_all(_GREETING)
        theirs = self._read(len(_GREETING))
        if theirs[0] != 0xFF or theirs[9] != 0x7F or theirs[10] < 3:
            raise Closed("the peer does not speak ZMTP 3")
        if theirs[12:32].rstrip(b"\0") != b"NULL":
            raise Closed("the peer wants a security mechanism")
        ready = b"\x05READY" + _property(b"Socket-Type", kind.encode())
        self._send_frame(_COMMAND, ready)
        flags, body = self._read_frame()
        if not flags & _COMMAND or not body.startswith(b"\x05READY"):
            raise Closed(f"the peer refused: {body[:80]!r}")

    def fileno(self) -> int:
        """Return the socket's fd, for select."""
        return self._sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Bound every later wait for the peer; None waits as long as it takes."""
        self._sock.settimeout(seconds)

    def send(self, *frames: bytes) -> None:
        """Send one message."""
        for frame in frames[:-1]:
            self._send_frame(_MORE, frame)
        self._send_frame(0, frames[-1])

    def receive(self) -> list[bytes]:
        """Wait for one message and return its frames."""
        frames = []
        more = True
        while more:
            flags, body = self._read_frame()
            if flags & _COMMAND:  # a 3.0 peer has none left to send that we would answer
                continue
            frames.append(body)
            more = bool(flags & _MORE)
        return frames

    def request(self, payload: bytes) -> None:
        """Send as a REQ does: an empty frame, then the payload."""
        self.send(b"", payload)

    def reply(self) -> bytes:
        """Wait for the answer to `request`."""
        return self.receive()[-1]

    def subscribe(self, topic: str) -> None:
        """Ask a PUB for the messages whose first frame begins with the topic."""
        self.send(b"\x01" + topic.encode())

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _send_frame(self, flags: int, body: bytes) -> None:
        size = len(body)
        if size > 255:
            head = bytes([flags | _LONG]) + size.to_bytes(8, "big")
        else:
            head = bytes([flags, size])
        self._send_all(head + body)

    def _read_frame(self) -> tuple[int, bytes]:
        flags = self._read(1)[0]
        size = int.from_bytes(self._read(8 if flags & _LONG else 1), "big")
        if size > _MAX_FRAME:
            raise Closed(f"the peer announced a frame of {size} bytes")
        return flags, self._read(size)

    def _send_all(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(str(error)) from None

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self._sock.recv(min(size, 1 << 20), socket.MSG_WAITALL)
            except ConnectionError as error:
                raise Closed(str(error)) from None
            if not part:
                raise Closed("the peer closed the connection")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value
