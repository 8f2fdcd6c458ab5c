"""Idle connections of event loops: moved as soon as the worker drains, not at the next request.

A thread that waits in recv() is woken by the drain signal; an asyncio loop waits in select. So
each loop that accepts watches the drain signal too, and then has its idle connections read:
they are at end of file, for the app, because they have moved.
"""

from __future__ import annotations

import sys

from .. import board, here
from .talking import living

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def watch() -> None:
    """Have the running asyncio loop, if there is one, watch the drain signal."""
    events = sys.modules.get("asyncio.events")
    loop: Any = events._get_running_loop() if events is not None else None
    if loop is None or here.drain_fd < 0 or getattr(loop, "_pm_watches", False):
        return
    try:
        loop._pm_watches = True
        loop.add_reader(here.drain_fd, _drain, loop)
    except (AttributeError, NotImplementedError):  # a loop of another make: no move when idle
        return


def _drain(loop: Any) -> None:
    loop.remove_reader(here.drain_fd)
    page = here.page
    if page is None or page[0] != board.HAND_OVER:
        return
    for conn in living():
        try:
            reader = loop._selector.get_key(conn).data[0]
        except (KeyError, ValueError, AttributeError):  # another loop's, or closed
            continue
        if reader is not None and conn.move():
            reader._run()
