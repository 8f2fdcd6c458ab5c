"""A core of its own for the client, so that it takes none from the servers it measures."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def apart(servers: Iterable[int]) -> Iterator[None]:
    """Keep this process and what it starts on the last core, the servers on all others.

    On a machine with one core nothing is kept apart.
    """
    before = os.sched_getaffinity(0)
    *others, last = sorted(before)
    if not others:
        yield
        return
    pids = list(servers)
    _keep(pids, set(others))
    os.sched_setaffinity(0, {last})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        _keep(pids, before)


def _keep(pids: Iterable[int], cores: set[int]) -> None:
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task), cores)
