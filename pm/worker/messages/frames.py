"""Frames on the stream of a mailbox, from the master to a process of the app. Pure.

Each is the lengths of head and body, 4 bytes each, then the head (JSON) and the body (JSON as its
sender has written it).
"""

from __future__ import annotations

import json
import struct

from ..parcel import LIMIT

LENGTHS = struct.Struct(">II")
LONGEST_HEAD = 1 << 14


def frame(head: dict[str, object], body: bytes = b"") -> bytes:
    """Return a frame."""
    line = json.dumps(head, separators=(",", ":")).encode()
    return LENGTHS.pack(len(line), len(body)) + line + body


def lengths(raw: bytes) -> tuple[int, int]:
    """Return the lengths of head and body; raises ValueError for what the master never sends."""
    head, body = LENGTHS.unpack(raw)
    if head > LONGEST_HEAD or body > LIMIT:
        raise ValueError(f"a frame of {head} and {body} bytes")
    return head, body
