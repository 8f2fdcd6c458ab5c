"""What a child does with its ticket: become a part of the worker that started it."""

from __future__ import annotations

import atexit
import json
import os
import sys

from . import commandline, forks, here, patches, program, tickets
from .sockets import listening

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def join(body: dict[str, Any]) -> None:
    """Join the worker that issued the ticket with this body."""
    here.become_child(*body["fds"])
    if os.getpid() == os.getpgrp():  # the worker itself, by os.exec: its old board is stale
        here.own_page()
    here.say({"do": "joined"})
    here.app, here.slot, here.generation = body["app"], body["slot"], body["generation"]
    here.member = body["member"]
    here.launch = body["launch"]
    forks.Forks().follow()
    patches.install(body["exclusive_ports"])
    atexit.register(listening.leave)  # first in, last out
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = map(tickets.plain_code, sys.orig_argv)


def become(argv: list[str]) -> program.Job:
    """Join with the ticket in a command line (`Ticket.words`); returns what is to be run then."""
    line = commandline.Line([], argv[2:])
    join(json.loads(argv[1]))
    if hasattr(sys, "orig_argv"):
        options = sys.orig_argv[1 : sys.orig_argv.index(argv[1]) - 1]
        sys.orig_argv[1:] = [*options, *line.program]
    program.add_first_path(line.target, line.script)
    return program.Job(line.target, line.script, line.args, None, {})
