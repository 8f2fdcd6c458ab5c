"""Ports on which workers listen by themselves, past the hand-off: servers that accept in C or Rust.

Nothing of theirs can be intercepted, so the kernel is asked: which listening sockets do the
worker and its descendants hold that are not the master's?
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from ...model import AppSpec, ListenerView, Served, State
from .. import process
from ..workers.worker import Worker
from .listeners import Listeners
from .ports import listening, reuses_port

_SHOWN = (State.LAUNCHING, State.ONLINE, State.DRAINING)


def own_ports(worker: Worker, listeners: Listeners) -> tuple[ListenerView, ...]:
    """Return the ports on which a worker and its descendants listen by themselves."""
    holders = {
        link: (pid, fd)
        for pid in process.family_of(worker.pid)
        for link, fd in process.open_files(pid).items()
        if link.startswith("socket:")
    }
    ours = {os.fstat(handoff.gate.real_fd()).st_ino for handoff in listeners}
    for inode in ours | listeners.activation.inodes():
        holders.pop(f"socket:[{inode}]", None)
    if not holders:  # a table of many connections takes the kernel a millisecond
        return ()
    found = {
        ListenerView(port.address, port.port, port.family, _served(*holders[port.link]))
        for port in listening()
        if port.link in holders
    }
    return tuple(sorted(found, key=lambda view: (view.port, view.address)))


def _served(pid: int, fd: int) -> str:
    served = Served.REUSEPORT if reuses_port(pid, fd) else Served.OWN
    return str(served.value)


def shown(workers: Iterable[Worker]) -> tuple[ListenerView, ...]:
    """Return the ports on which these workers listen by themselves, each once."""
    found = dict.fromkeys(v for w in workers if w.state in _SHOWN for v in w.own_ports)
    return tuple(found)


def overlaps(listeners: Listeners, workers: Iterable[Worker], spec: AppSpec) -> bool:
    """True if a new worker may be started beside the old: it listens, or a surge is allowed."""
    return bool(listeners.views()) or can_overlap(workers) or spec.max_surge > 0


def can_overlap(workers: Iterable[Worker]) -> bool:
    """True if a new worker can listen beside the old: all their own ports have SO_REUSEPORT."""
    views = shown(workers)
    return bool(views) and all(view.served == Served.REUSEPORT.value for view in views)
