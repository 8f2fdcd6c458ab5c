"""Tickets: what lets a child that begins with an exec join its worker, as forked children do.

A ticket says who the worker is, and the numbers of three fds that the child inherits: the link,
the drain signal and the worker's board. It travels in the child's command line, never in the
environment: what the child itself starts learns nothing of it.
"""

from __future__ import annotations

import json
import os

from . import commandline, here
from .sockets import shim

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")
_JOINING = f"{__name__.rpartition('.')[0]}.joining"
_LOAD = f"exec(open({BOOTSTRAP!r}, 'rb').read(), {{'__name__': '_pm', '__file__': {BOOTSTRAP!r}}})"


class Ticket:
    """One ticket."""

    def __init__(self, fds: list[int]) -> None:
        self.fds = fds
        """Link, drain signal and board, to be inherited under the same numbers."""
        self.body: dict[str, Any] = {
            "fds": fds, "app": here.app, "slot": here.slot, "generation": here.generation,
            "exclusive_ports": sorted(shim.exclusive), "member": here.member,
            "launch": here.launch,
        }  # fmt: skip

    def program(self, code: str) -> str:
        """Return a program for `python -c` that joins and then runs `code`."""
        join = f"__import__({_JOINING!r}, None, None, ['join']).join({self.body!r})"
        return f"{_LOAD}; {join}\n{code}"

    def words(self, line: commandline.Line) -> list[str]:
        """Return what follows the interpreter in a command line that joins and then does `line`."""
        return [*line.options, BOOTSTRAP, json.dumps(self.body), *line.program]


def issue() -> Ticket | None:
    """Return a ticket for a child of this process; None if this is no worker, or no longer."""
    if here.link is None:
        return None
    fds = [here.link.fileno(), here.drain_fd, here.notice_fd]
    try:
        for fd in fds:
            os.fstat(fd)
    except OSError:  # the app has closed what it did not know
        return None
    here.has_children = True
    return Ticket(fds)


def plain_code(word: str) -> str:
    """Return the program that a word of a command line had before it was made to join."""
    return word.partition("\n")[2] if word.startswith(_LOAD) else word
