"""eventlet: it waits in a hub of its own, which is to watch the drain signal too.

Its sockets wrap those of a second copy of the socket module, which `shim` patches like the first.
"""

from __future__ import annotations

from .. import board, here
from ..sockets.talking import living

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def adapt(module: Any) -> None:
    """Let `eventlet.greenio.base` see the drain signal in each hub that accepts."""
    accept = module.GreenSocket.accept

    def watching(self: Any) -> Any:
        _watch_drain(module.eventlet.hubs.get_hub())
        return accept(self)

    module.GreenSocket.accept = watching


def _watch_drain(hub: Any) -> None:
    if here.drain_fd < 0 or hasattr(hub, "pm_drain"):
        return

    def drain(_: Any) -> None:
        hub.remove(hub.pm_drain)
        _drain(hub)

    hub.pm_drain = hub.add(hub.READ, here.drain_fd, drain, _ignore, _ignore)


def _ignore(*_: object) -> None:
    """Stand in for what eventlet calls when an fd of its own is closed under it."""


def _drain(hub: Any) -> None:
    """Move the idle connections of this hub; their readers wake up and see end of file."""
    page = here.page
    if page is None or page[0] != board.HAND_OVER:
        return
    readers = hub.listeners[hub.READ]
    for conn in living():
        reader = readers.get(conn.fileno())
        if reader is not None and conn.move():
            hub.schedule_call_global(0, reader.cb, reader.fileno)
