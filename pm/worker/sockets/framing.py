"""How long an HTTP/1.x message is: the framing, and nothing else of the protocol.

Strict where a loose reading could move a message's end: what is unusual is `Garbled`.
"""

from __future__ import annotations

import re

CHUNKED = -1
"""Length of a body that comes in chunks."""
ENDLESS = -2
"""No length was announced."""
CLOSE = 1
"""The head says that the connection is closed after the message."""
KEEP = 8
"""The head says keep-alive."""
_LONGEST_HEAD = 1 << 16

_TELLING = re.compile(
    rb"\n(?=[CcTt\n])(content-length|transfer-encoding|connection|\n)([^\n]*)", re.IGNORECASE
).findall
_METHOD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
_NEWLINE = 10
_HEX = b"0123456789abcdefABCDEF"


class Garbled(Exception):
    """These bytes are not HTTP/1.x as we know it."""


class Chunks:
    """The framing of one chunked body."""

    __slots__ = ("_line", "_trailer", "left")

    def __init__(self) -> None:
        self.left = 0
        """Bytes of the current chunk that are to come, its line end included."""
        self._line = b""
        self._trailer = False

    def feed(self, data: bytes, at: int) -> int:
        """Take in data[at:]; return where the body ends in it, or -1."""
        while True:
            if self.left:
                if len(data) - at < self.left:
                    self.left -= len(data) - at
                    return -1
                at += self.left
                self.left = 0
                if data[at - 1] != _NEWLINE:
                    raise Garbled
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                if len(self._line) > _LONGEST_HEAD:
                    raise Garbled
                return -1
            line, self._line = self._line + data[at:end], b""
            at = end + 1
            if line[-1:] != b"\r":
                raise Garbled
            if not self._trailer:
                self._begin(line[:-1])
            elif line == b"\r":
                return at

    def _begin(self, line: bytes) -> None:
        if b";" in line:
            line = line[: line.index(b";")].rstrip()
        if not 0 < len(line) < 17 or line.translate(None, _HEX):
            raise Garbled
        size = int(line, 16)
        if size:
            self.left = size + 2
        else:
            self._trailer = True


def looks_like_request(data: bytes | bytearray | memoryview) -> bool:
    """True if `data` is empty or begins as an HTTP/1.x request begins."""
    start = bytes(data).lstrip(b"\r\n")
    method, space, rest = start.partition(b" ")
    if not start:
        return True
    if not 0 < len(method) < 33 or method.translate(None, _METHOD):
        return False
    line, ended, _ = rest.partition(b"\n")
    if not ended:
        return True
    return bool(space) and line[-10:] in (b" HTTP/1.1\r", b" HTTP/1.0\r")


def end_of_head(data: bytes) -> int:
    """Return where the head at the beginning of `data` ends; 0 if it is not complete."""
    end = data.find(b"\r\n\r\n") + 4
    if end < 4:
        end = 0
        if b"\n\n" in data:
            raise Garbled
    if (end or len(data)) > _LONGEST_HEAD:
        raise Garbled
    return end


def framing(head: bytes) -> tuple[int, int]:
    """Return the length of the body that a head announces, and CLOSE, KEEP or 0.

    The length is CHUNKED or ENDLESS where it is no number.
    """
    left, said = ENDLESS, 0
    for name, rest in _TELLING(head):
        size = len(name)
        if rest[:1] != b":":
            if size == 1 or rest[:1] in b" \t\r":
                raise Garbled  # some would see the head's end here, or take it for the header
            continue  # a longer name
        value = rest[1:].strip(b" \t\r")
        if size == 10:
            said |= _said(value)
        elif left != ENDLESS:
            raise Garbled
        elif size == 14 and value.isdigit() and len(value) < 19:
            left = int(value)
        elif size == 17 and value.lower() == b"chunked":
            left = CHUNKED
        else:
            raise Garbled
    return left, said


def _said(value: bytes) -> int:
    lower = value.lower()
    return (CLOSE if b"close" in lower else 0) | (KEEP if b"keep-alive" in lower else 0)
