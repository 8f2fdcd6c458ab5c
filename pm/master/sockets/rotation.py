"""Whose turn it is. Pure: members come and go, `choose` says who gets the next connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ...model import Scheduling

M = TypeVar("M")


class Policy(Protocol[M]):
    """A way to choose among the members that can take a connection now."""

    name: str
    """As users know it."""

    def join(self, member: M) -> None:
        """Let a member take part, at the end of the order."""

    def leave(self, member: M) -> None:
        """Take a member out; it need not be there."""

    def choose(self, text: bytes = b"") -> M | None:
        """Return the member whose turn it is, None if there is none.

        `text` goes with the connection: a letter, the client's address, a blank, its port.
        """

    def __len__(self) -> int:
        """Return how many take part."""

    def __contains__(self, member: object) -> bool:
        """Return True if this member takes part."""


class _Order(Generic[M]):
    """The members, in the order of their turns."""

    def __init__(self) -> None:
        self._order: deque[M] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, member: object) -> bool:
        return member in self._order

    def join(self, member: M) -> None:
        """Let a member take part, at the end of the order."""
        if member not in self._order:
            self._order.append(member)

    def leave(self, member: M) -> None:
        """Take a member out; it need not be there."""
        if member in self._order:
            self._order.remove(member)


class RoundRobin(_Order[M]):
    """Strict rotation: everyone in turn, in the order of joining."""

    name = Scheduling.ROUND_ROBIN.value

    def choose(self, _text: bytes = b"") -> M | None:
        """Return the member whose turn it is, None if there is none."""
        if not self._order:
            return None
        self._order.rotate(-1)
        return self._order[-1]


class LeastConnections(_Order[M]):
    """Who has the fewest open connections; among equals, everyone in turn."""

    name = Scheduling.LEAST_CONNECTIONS.value

    def __init__(self, open_of: Callable[[M], int]) -> None:
        super().__init__()
        self._open_of = open_of

    def choose(self, _text: bytes = b"") -> M | None:
        """Return the member with the fewest, None if there is none."""
        if not self._order:
            return None
        chosen = min(self._order, key=self._open_of)  # the first of equals
        self._order.remove(chosen)
        self._order.append(chosen)
        return chosen


class SourceHash(RoundRobin[M]):
    """The same client address, the same slot, while that slot takes part.

    Rendezvous hashing: each slot has a weight for each address, and the heaviest that takes part
    is chosen. Whoever leaves moves only its own clients, to their second choice each; its
    replacement in the slot has them back. A client without an address takes who is next in turn.
    """

    name = Scheduling.SOURCE_HASH.value

    def __init__(self, slot_of: Callable[[M], int]) -> None:
        super().__init__()
        self._slot_of = slot_of
        self._slots: dict[M, int] = {}
        self._homes: dict[bytes, M] = {}
        """Who was chosen for an address among these members."""

    def join(self, member: M) -> None:
        """Let a member take part; of two in one slot, the later gets the clients."""
        super().join(member)
        self._slots[member] = self._slot_of(member)
        self._homes.clear()

    def leave(self, member: M) -> None:
        """Take a member out; it need not be there."""
        super().leave(member)
        self._slots.pop(member, None)
        self._homes.clear()

    def choose(self, text: bytes = b"") -> M | None:
        """Return the member of the heaviest slot, None if there is none."""
        address = text[1:].partition(b" ")[0].removeprefix(b"::ffff:")
        if not address or not self._order:
            return super().choose()
        home = self._homes.get(address)
        if home is None:
            if len(self._homes) >= _MOST_HOMES:
                self._homes.clear()
            home = self._homes[address] = self._heaviest(address)
        return home

    def _heaviest(self, address: bytes) -> M:
        client, slots = int.from_bytes(address, "big") % _PRIME, self._slots
        return max(reversed(slots), key=lambda member: _weight(client, slots[member]))


_MOST_HOMES = 10_000
_PRIME = (1 << 61) - 1
_MASK = (1 << 64) - 1


def _weight(client: int, slot: int) -> int:
    """Mix two numbers into one of 64 bits, the same in any process (splitmix64's finalizer)."""
    mixed = (client + (slot + 1) * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
    return mixed ^ mixed >> 31
