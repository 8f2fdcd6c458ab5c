"""A worker that another program has started with `cluster.fork()`: a fresh run of a program.

There is no template: the interpreter starts, is told over its link what to run, and is ready to
run it before any of the app's code is imported.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import sys

from . import farewell, forks, here, patches, program
from .link import RAW, received_fds
from .sockets import listening

_LARGEST = 1 << 17
_SPACE = socket.CMSG_SPACE(4 * 4)


def begin(fd: int) -> program.Job:
    """Become a worker, told over its link what to run; returns that."""
    channel = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fd)
    raw, ancillary, _, _ = channel.recvmsg(_LARGEST, _SPACE, socket.MSG_CMSG_CLOEXEC)
    fds = received_fds(ancillary)
    if not raw or len(fds) != 2:
        raise SystemExit("pm: the master has gone")
    order = json.loads(raw)
    page, drain = fds
    here.become_worker(channel.detach(), page, drain)
    here.slot, here.generation, here.app = order["slot"], order["generation"], order["name"]
    here.launch, here.member = order["id"], True
    forks.Forks().follow()
    patches.install(())
    sys.modules["pm"] = sys.modules[__name__.partition(".")[0]]  # a program that forks imports us
    target, script = order["target"], order["script"]
    program.add_first_path(target, script)
    atexit.register(listening.leave)  # first in, last out
    farewell.prepare(order["kill_timeout"])
    if hasattr(sys, "orig_argv"):  # what a program runs to start itself anew
        words = ["-m", script] if target == "module" else [script]
        sys.orig_argv[:] = [sys.orig_argv[0], *order["options"], *words, *order["args"]]
    assert here.link is not None
    try:
        here.link.tell({"do": "online", "pid": os.getpid()}, [])
    except OSError:  # the master has gone: the farewell follows
        pass
    return program.Job(target, script, order["args"], None, {})
