"""A stand-in for the transport of a loop in C."""

from __future__ import annotations


class UvTransport:
    """Reads and closes as it is told; what is written waits in it where `keeps`."""

    def __init__(self, protocol: object = None, keeps: bool = False) -> None:
        self.protocol = protocol
        self.reading, self.closing, self.unsent = True, False, 0
        self._keeps = keeps

    def get_protocol(self) -> object:
        return self.protocol

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> None:
        self.unsent += len(data) if self._keeps else 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.closing = True
