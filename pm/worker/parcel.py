"""A message with a body, as one datagram: head and short body inline, a long body in a memory file.

Both sides use it: a worker's questions, and the master's answers. So a message is whole or not
there, and nobody waits for the rest of one.
"""

from __future__ import annotations

import fcntl
import json
import os

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

LIMIT = 1 << 20
"""Bytes of JSON that a message may have."""
DATAGRAM = 1 << 14
"""Bytes that a head and an inline body have together, at most."""
_INLINE = 12 << 10


class Unfit(Exception):
    """What has come is no parcel."""


def pack(head: dict[str, object], body: bytes) -> tuple[bytes, list[int]]:
    """Return the datagram and, for a long body, the fd to go with it; the caller closes that."""
    if len(body) <= _INLINE:
        return json.dumps(head).encode() + b"\n" + body, []
    fd = os.memfd_create("pm-message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(fd, rest) :]
    return json.dumps({**head, "size": len(body)}).encode(), [fd]


def unpack(raw: bytes, fds: list[int]) -> tuple[dict[str, Any], bytes]:
    """Return head and body; a long body's fd is the last of `fds` and stays open.

    Raises Unfit for anything else, also for a body that is longer than allowed.
    """
    line, _, body = raw.partition(b"\n")
    try:
        head = json.loads(line)
        size = head.get("size", 0)
        if size:
            body = _read(fds[-1], int(size))
    except (ValueError, TypeError, AttributeError, IndexError, OSError, RecursionError) as error:
        raise Unfit(str(error)) from None
    return head, body


def _read(fd: int, size: int) -> bytes:
    fcntl.fcntl(fd, fcntl.F_GET_SEALS)  # fails for all but memory: nothing that could block
    if not 0 < size <= LIMIT:
        raise ValueError(f"{size} bytes")
    body = os.pread(fd, size, 0)
    if len(body) != size:
        raise ValueError("shorter than it says")
    return body
