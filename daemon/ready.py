"""Tell whoever started the daemon that it is ready, or why not: one JSON line on a pipe.

The pipe's number is in PM_READY_FD. Without it there is nobody to tell.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import BinaryIO

from pm.errors import PmError


class Ready:
    """The pipe."""

    def __init__(self, number: str | None) -> None:
        """Take over the descriptor named by `number`, if it is one."""
        self._pipe: BinaryIO | None = None
        if number and number.isascii() and number.isdigit():
            with contextlib.suppress(OSError):
                os.set_inheritable(int(number), False)
                self._pipe = os.fdopen(int(number), "wb")

    def ok(self, other: bool = False) -> None:
        """Say that requests are answered; `other`: by a daemon that was there before."""
        self._say({"ok": True, "other": True} if other else {"ok": True})

    def failed(self, error: PmError) -> None:
        """Say why there is no daemon."""
        said = {"code": error.code, "message": error.message, "hint": error.hint}
        self._say({"error": said})

    def _say(self, said: dict[str, object]) -> None:
        if self._pipe is not None:
            with contextlib.suppress(OSError), self._pipe:
                self._pipe.write(json.dumps(said).encode() + b"\n")
            self._pipe = None
