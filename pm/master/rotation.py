"""Whose turn it is. Pure: members come and go, `choose` says who gets the next connection."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar

M = TypeVar("M")


class Policy(Protocol[M]):
    """A way to choose among the members that can take a connection now."""

    def join(self, member: M) -> None:
        """Let a member take part, at the end of the order."""

    def leave(self, member: M) -> None:
        """Take a member out; it need not be there."""

    def choose(self) -> M | None:
        """Return the member whose turn it is, None if there is none."""

    def __len__(self) -> int:
        """Return how many take part."""


class RoundRobin(Generic[M]):
    """Strict rotation: everyone in turn, in the order of joining."""

    def __init__(self) -> None:
        self._order: deque[M] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def join(self, member: M) -> None:
        """Let a member take part, at the end of the order."""
        if member not in self._order:
            self._order.append(member)

    def leave(self, member: M) -> None:
        """Take a member out; it need not be there."""
        if member in self._order:
            self._order.remove(member)

    def choose(self) -> M | None:
        """Return the member whose turn it is, None if there is none."""
        if not self._order:
            return None
        self._order.rotate(-1)
        return self._order[-1]
