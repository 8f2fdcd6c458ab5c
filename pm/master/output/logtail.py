"""The last lines of each worker, kept in memory for the reason of its death."""

from __future__ import annotations

_BYTES = 16 << 10
"""Kept of each stream; up to twice as much between two cuts."""
_PIDS = 64


class Tails:
    """The ends of what the latest workers wrote; written by one thread, read by another."""

    def __init__(self) -> None:
        self._pids: dict[int, tuple[bytearray, bytearray]] = {}

    def keep(self, pid: int, error: bool, data: bytes | bytearray, end: int) -> None:
        """Note that `pid` wrote data[:end]; forgets the worker that came first if too many."""
        both = self._pids.get(pid)
        if both is None:
            both = self._pids[pid] = (bytearray(), bytearray())
            if len(self._pids) > _PIDS:
                del self._pids[next(iter(self._pids))]
        tail = both[error]
        tail += data[max(0, end - _BYTES) : end]
        if len(tail) > 2 * _BYTES:
            del tail[:-_BYTES]

    def forget(self, pid: int) -> None:
        """Drop what an earlier worker of the same pid wrote."""
        self._pids.pop(pid, None)

    def last(self, pid: int, lines: int) -> list[str]:
        """Return the last lines of standard error, or of standard output if that is empty."""
        out, error = self._pids.get(pid, (b"", b""))
        found = bytes(error or out).decode(errors="replace").split("\n")
        if found[-1] == "":
            found.pop()
        return found[-lines:] if lines > 0 else []
