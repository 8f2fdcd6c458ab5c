"""One accepted connection as an HTTP/1.x conversation: is it between requests?

Told of every byte that the app receives and sends, a `Conversation` keeps count of requests
begun and responses ended. What it does not fully understand makes it OPAQUE for good: such a
connection is never moved. It runs inside the app's every recv and send: few calls, and
bodies of known length are only counted.
"""

from __future__ import annotations

from .framing import (
    CHUNKED,
    CLOSE,
    ENDLESS,
    KEEP,
    Chunks,
    Garbled,
    end_of_head,
    framing,
    looks_like_request,
)

__all__ = [
    "BUSY", "CLOSING", "IDLE", "OPAQUE", "OPAQUE_ANSWERED", "OPEN",
    "Conversation", "looks_like_request",
]  # fmt: skip

OPEN = 1
"""Nothing has been received."""
BUSY = 2
"""A request is being received or answered."""
IDLE = 3
"""Every request has been answered to the last byte."""
CLOSING = 4
"""As IDLE, but one side said that it closes now: not to be moved."""
OPAQUE = 5
"""Not understood (no HTTP/1.x, or no longer); the last thing that happened was a receive."""
OPAQUE_ANSWERED = 6
"""Not understood; the last thing that happened was a send."""

_HEAD = 2  # what is remembered of a request: it was HEAD, so its response has no body
_OLD = 4  # it was HTTP/1.0 and asked for keep-alive

_MOST_ASKED = 1000  # pipelined requests; nobody sane comes near
_SMALL = 2048  # bytes of a message that may be remembered
_MOST_REMEMBERED = 500
_PLAIN = [0]  # one request without any flags
_NO_BODY = Chunks()

# Heads are often the same to the byte. Hashes only: a head may hold secrets.
_requests: dict[int, int] = {}
"""Flags of a request without body."""
_responses: dict[int, int] = {}
"""Bytes of the body that are still to come after the beginning of a response to a plain request."""


class Conversation:
    """What is known of one connection; `state` is one of the constants above."""

    __slots__ = (
        "_asked", "_closing", "_in_chunks", "_in_head", "_in_left",
        "_out_chunks", "_out_head", "_out_left", "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = OPEN
        self._asked: list[int] = []  # requests whose response has not ended, in order
        self._closing = False
        self._in_head = self._out_head = b""
        self._in_left = self._out_left = 0
        self._in_chunks = self._out_chunks = _NO_BODY

    @property
    def answers_last(self) -> bool:
        """True if what is sent next begins the response to the only request there is."""
        return len(self._asked) == 1 and not (self._out_left or self._out_head or self._in_head)

    def received(self, data: bytes | bytearray | memoryview) -> None:
        """Take note of bytes the app has received (not peeked at); none means end of file.

        A memoryview must be one of single bytes.
        """
        if self.state >= OPAQUE:
            self.state = OPAQUE
            return
        size = len(data)
        if 0 < size < self._in_left:
            self._in_left -= size
            return
        whole = bytes(data)
        if self.state != BUSY and size < _SMALL:
            flags = _requests.get(hash(whole))
            if flags is not None:
                self._asked.append(flags)
                self.state = BUSY
                return
        try:
            if size:
                self._receive(whole)
            else:
                self._closing = True
                self.state = BUSY if self.state == BUSY else CLOSING
        except Garbled:
            self._give_up(OPAQUE)

    def sent(self, data: bytes | bytearray | memoryview) -> None:
        """Take note of bytes the app has sent. A memoryview must be one of single bytes."""
        if self.state >= OPAQUE:
            self.state = OPAQUE_ANSWERED
            return
        size = len(data)
        left = self._out_left
        if left > 0 and size <= left:
            self._out_left = left - size
            if size == left:
                self._end_response()
        elif size:
            try:
                if size < _SMALL and self._asked == _PLAIN:
                    self._send_small(bytes(data))
                else:
                    self._send(bytes(data))
            except Garbled:
                self._give_up(OPAQUE_ANSWERED)

    def waits(self) -> None:
        """Take note that the app has more to send; of what is understood, that is known."""
        if self.state == OPAQUE_ANSWERED:
            self.state = OPAQUE

    def sent_unseen(self, count: int) -> None:
        """Take note of `count` bytes sent past us (sendfile)."""
        left = self._out_left
        if self.state >= OPAQUE:
            self.state = OPAQUE_ANSWERED
        elif left > 0 and count <= left:
            self._out_left = left - count
            if count == left:
                self._end_response()
        elif left == CHUNKED and count <= self._out_chunks.left:
            self._out_chunks.left -= count
        elif count and left != ENDLESS:
            self._give_up(OPAQUE_ANSWERED)

    def _receive(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            left = self._in_left
            if left > 0:
                step = min(left, len(data) - at)
                at += step
                self._in_left = left - step
            elif left == CHUNKED:
                at = self._in_chunks.feed(data, at)
                if at < 0:
                    break
                self._in_left = 0
            else:
                at = self._receive_head(data, at)
        if self._asked or self._in_left or self._in_head:
            self.state = BUSY
        else:
            self.state = CLOSING if self._closing else IDLE

    def _receive_head(self, data: bytes, at: int) -> int:
        """Take in a request's head from data[at:]; return where it ends."""
        known = len(self._in_head)
        head = self._in_head + data[at:] if known or at else data
        if head[0] < 32:
            head = head.lstrip(b"\r\n")  # allowed before a request
            known -= len(self._in_head) + len(data) - at - len(head)
        end = end_of_head(head)
        if not end:
            if not looks_like_request(head):
                raise Garbled
            self._in_head = head if head or data[-1:] != b"\r" else b"\r"
            return len(data)
        self._in_head = b""
        if end < len(head):
            head = head[:end]
        self._begin_request(head)
        return at + end - known

    def _begin_request(self, head: bytes) -> None:
        line = head.find(b"\r\n")
        version = head[line - 9 : line]
        left, said = framing(head)
        if version == b" HTTP/1.1":
            flags = said & CLOSE
        elif version == b" HTTP/1.0":
            flags = _OLD if said == KEEP else CLOSE
        else:
            raise Garbled
        if head[:4] != b"GET ":
            if not looks_like_request(head) or head[:8] == b"CONNECT ":
                raise Garbled
            if head[:5] == b"HEAD ":
                flags |= _HEAD
        if left == CHUNKED:
            self._in_chunks = Chunks()
        self._in_left = 0 if left == ENDLESS else left
        if not self._in_left and len(head) < _SMALL:
            _remember(_requests, hash(head), flags)
        self._asked.append(flags)
        if len(self._asked) > _MOST_ASKED:
            raise Garbled

    def _send_small(self, data: bytes) -> None:
        """Send as `_send` does, and remember what came of it if data was a fresh response."""
        fresh = not self._out_left and not self._out_head
        left = _responses.get(hash(data)) if fresh else None
        if left is None:
            self._send(data)
            ended = self._out_left > 0 or not self._asked
            if fresh and ended and self._out_left >= 0 and not self._closing:
                _remember(_responses, hash(data), self._out_left)
        elif left:
            self._out_left = left
        else:
            self._end_response()

    def _send(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            left = self._out_left
            if left == ENDLESS:
                return
            if left == 0:
                at = self._send_head(data, at)
            elif left == CHUNKED:
                at = self._out_chunks.feed(data, at)
                if at < 0:
                    return
                self._out_left = 0
                self._end_response()
            else:
                step = min(left, len(data) - at)
                at += step
                self._out_left = left - step
                if step == left:
                    self._end_response()

    def _send_head(self, data: bytes, at: int) -> int:
        """Take in a response's head from data[at:]; return where it ends."""
        if not self._asked:
            raise Garbled  # nobody asked
        known = len(self._out_head)
        head = self._out_head + data[at:] if known or at else data
        if head[:7] != b"HTTP/1." and not b"HTTP/1.".startswith(head):
            raise Garbled
        end = end_of_head(head)
        if not end:
            self._out_head = head
            return len(data)
        self._out_head = b""
        self._begin_response(head[:end] if end < len(head) else head)
        return at + end - known

    def _begin_response(self, head: bytes) -> None:
        status = head[8:12]
        if status[:2] == b" 1":
            if status == b" 101":
                raise Garbled  # another protocol from here on
            return  # the response proper is still to come
        asked = self._asked[0]
        left, said = framing(head)
        old = asked & _OLD or head[7:8] != b"1"
        if (asked | said) & CLOSE or (old and not said & KEEP):
            self._closing = True
        if asked & _HEAD or status == b" 204" or status == b" 304":
            left = 0
        self._out_left = left
        if left == CHUNKED:
            self._out_chunks = Chunks()
        elif left == 0:
            self._end_response()

    def _end_response(self) -> None:
        asked = self._asked
        del asked[0]
        if not asked and not self._in_left and not self._in_head:
            self.state = CLOSING if self._closing else IDLE

    def _give_up(self, state: int) -> None:
        self.state = state
        self._asked = []
        self._in_head = self._out_head = b""


def _remember(memo: dict[int, int], key: int, value: int) -> None:
    if len(memo) >= _MOST_REMEMBERED:
        memo.clear()
    memo[key] = value
