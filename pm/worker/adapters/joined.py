"""uvloop's transport as uvicorn holds it: the head and the body of an answer are one write.

uvicorn writes them one after the other and uvloop sends each at once, so a client is woken twice
for one answer. Here the first waits for the second, or until the loop turns.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SMALL = 1 << 14
"""Bytes that may wait; copying more would cost what a write costs."""


class Joined:
    """What uvicorn takes for the loop's transport."""

    __slots__ = ("_held", "_plain", "_soon", "_write", "is_closing")

    def __init__(self, loop: Any, transport: Any) -> None:
        self._plain = transport
        self._write = transport.write
        self._soon = loop.call_soon
        self._held = b""
        self.is_closing = transport.is_closing  # called for each request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def write(self, data: Any) -> None:
        """Write as the loop's transport does, a moment later perhaps."""
        held = self._held
        if held:
            self._held = b""
            if len(data) < _SMALL:
                self._write(held + data)
                return
            self._write(held)
        elif type(data) is bytes and len(data) < _SMALL:
            self._held = data
            self._soon(self.flush)
            return
        self._write(data)

    def flush(self) -> None:
        """Write what waits."""
        held, self._held = self._held, b""
        if held and not self.is_closing():
            self._write(held)

    def writelines(self, pieces: Any) -> None:
        """Write as the loop's transport does."""
        self.flush()
        self._plain.writelines(pieces)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait, here and in the loop."""
        return len(self._held) + int(self._plain.get_write_buffer_size())

    def write_eof(self) -> None:
        """End what is sent, after what waits."""
        self.flush()
        self._plain.write_eof()

    def close(self) -> None:
        """Close the connection after what waits has been sent."""
        self.flush()
        self._plain.close()

    def set_protocol(self, protocol: Any) -> None:
        """Have another protocol receive what comes."""
        self.flush()
        self._plain.set_protocol(protocol)
