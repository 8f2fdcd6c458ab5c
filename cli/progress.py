"""Show what the daemon does while it does it: events about one request, then its answer."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
from collections.abc import Callable, Iterator

from pm.codec import loads
from pm.errors import PmError
from pm.model import Event

from .screen import say
from .text import clean, reason_of
from .zmtp import Closed, Peer


def follow(
    peer: Peer,
    payload: bytes,
    events_sock: socket.socket | None,
    topic: str,
    show: Callable[[Event], None],
) -> bytes:
    """Subscribe to the topic, send the request, show its events and return the answer."""
    events = _subscribed(events_sock, topic)
    try:
        peer.request(payload)
        answered = False
        while events and not answered:
            ready = select.select([peer, events], [], [])[0]
            answered = peer in ready
            if events in ready and not _show_one(events, show):
                break
        while answered and events and select.select([events], [], [], 0)[0]:
            if not _show_one(events, show):
                break
        return peer.reply()
    finally:
        if events_sock:
            events_sock.close()


def _subscribed(sock: socket.socket | None, topic: str) -> Peer | None:
    if sock is None:
        return None
    sock.settimeout(5.0)
    try:
        events = Peer(sock, "SUB")
        events.subscribe(topic)
    except OSError:
        return None  # progress is a comfort: without it the answer still comes
    return events


def _show_one(events: Peer, show: Callable[[Event], None]) -> bool:
    try:
        show(loads(Event, events.receive()[-1], "event"))
    except (Closed, TimeoutError):
        return False
    except PmError:
        return True
    return True


@contextlib.contextmanager
def shown(what: str) -> Iterator[Callable[[Event], None]]:
    """Give a function that shows events on stderr: a live line on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield lambda event: say(_sentence(event))
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(what)) as status:
        yield lambda event: status.update(escape(_sentence(event)))


def _sentence(event: Event) -> str:
    who = event.app if event.slot is None else f"{event.app} slot {event.slot}"
    reason = reason_of(event.kind, event.slot, event.reason)
    return clean(f"{who}: {event.kind}" + (f", {reason}" if reason else ""))
