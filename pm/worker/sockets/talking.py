"""A connection whose conversation is known: shown on the board, movable between requests."""

from __future__ import annotations

import _weakref
import errno
import os
import socket

from .. import board, here
from ..link import RAW
from . import waiting
from .conversation import IDLE, OPEN, Conversation, looks_like_request

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT

live: dict[int, Callable[[], Talking | None]] = {}
"""Open connections of this process by fd, weakly referenced."""


class _Blind:
    """Stands for a conversation that cannot be followed."""

    state = board.BLIND

    def received(self, data: Any) -> None:
        """Take no note."""

    def waits(self) -> None:
        """Take no note."""

    sent = sent_unseen = received


_BLIND = _Blind()


class _Told(_Blind):
    """Stands for a conversation that somebody else follows."""

    def __init__(self, state: int) -> None:
        self.state = state


SLOTS = ("_key", "_peer", "_shown", "_slot", "_talk", "moved", "page")
"""The slots of a class that follows."""


class Talking(RAW):
    """A connected TCP socket handed over by the master.

    Its state is in the slots that a class below declares (`SLOTS`): two bases with slots of
    their own cannot be joined.
    """

    __slots__ = ()

    def watch(self, key: str, peer: bytes) -> None:
        """Begin to follow the conversation; `key` and `peer` go along at a handover."""
        self._key = key
        self._peer = peer
        self._talk: Conversation | _Blind = Conversation()
        self.moved = False
        self.page = here.own_page()
        self._slot = self.fileno()
        self._shown = self._talk.state
        live[self._slot] = _weakref.ref(self)
        if self.page is None or self._slot >= board.SIZE:
            self.page = None
        else:
            board.begin(self.page, self._slot, self._shown)

    @property
    def state(self) -> int:
        """What the connection is doing, as `conversation` has it, or BLIND."""
        return self._talk.state

    def show(self, state: int) -> None:
        """Show a state on the board."""
        self._shown = state
        page = self.page
        if page is not None:
            page[self._slot] = state
            if page[0]:
                here.say({"do": "quiet"})

    def move(self) -> bool:
        """Give the connection to the master if it is between requests; True if it is gone."""
        if self.moved or self._talk.state not in (OPEN, IDLE) or here.link is None:
            return self.moved
        try:
            begun = RAW.recv(self, 512, _PEEK) or b"\0" if waiting.readable(self) else b""
            if not looks_like_request(begun):
                return False
        except OSError:
            return False
        message: dict[str, object] = {
            "do": "handover",
            "key": self._key,
            "peer": self._peer.decode("ascii"),
        }
        try:
            here.link.tell(message, [RAW.fileno(self)])
        except OSError:  # no master: the connection stays
            return False
        self.moved = True
        self.show(board.NONE)
        return True

    def received(self, data: Any) -> None:
        """Take note of what the app has received."""
        talk = self._talk
        if data:
            talk.received(data)
            if talk.state != self._shown:
                self.show(talk.state)

    def sent_unseen(self, count: int) -> None:
        """Take note of `count` bytes that went out past the methods above (sendfile)."""
        self._talk.sent_unseen(count)
        if self._talk.state != self._shown:
            self.show(self._talk.state)

    def sent(self, data: Any, more: bool = False) -> None:
        """Take note of what the app has sent; `more` could not be sent now."""
        talk = self._talk
        talk.sent(data)
        if more:
            talk.waits()
        if talk.state != self._shown:
            self.show(talk.state)

    def refuse_if_moved(self) -> None:
        """Raise EPIPE, as on a connection that the peer has closed: it is another worker's now."""
        if self.moved:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def end(self) -> None:
        """Show that the connection is gone, and close the fd."""
        slot = RAW.fileno(self)
        live.pop(slot, None)
        if slot >= 0 and not self.moved:
            self.show(board.NONE)
        self.page = None  # from the close on the number may be another connection's
        RAW.close(self)

    def be_blind(self) -> None:
        """Take note that what happens from here on is not seen: it happens in C."""
        self._talk = _BLIND
        self.show(board.BLIND)

    def be_told(self, state: int) -> None:
        """Take the word of the app's server for what the connection is doing."""
        self._talk = _Told(state)
        self.show(state)

    def detach(self) -> int:
        """Give the fd away: from here on nothing is seen (TLS).

        What was blind before has an owner outside Python (uvloop), who gives it away to close it.
        """
        live.pop(RAW.fileno(self), None)
        self.show(board.NONE if isinstance(self._talk, _Blind) else board.BLIND)
        self.page = None
        return RAW.detach(self)


def ended(fd: int) -> None:
    """Take note that an ordinary socket closes: it may have been given a connection's fd (TLS)."""
    page = here.page
    if page is not None and 0 < fd < board.SIZE and page[fd]:
        page[fd] = board.NONE


def living() -> list[Talking]:
    """Return the open connections of this process."""
    return [conn for conn in (reference() for reference in list(live.values())) if conn is not None]
