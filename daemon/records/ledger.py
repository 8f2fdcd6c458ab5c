"""Writing down what is wanted, also when the disk is full.

What ends something is done whether or not it can be written down: what could not be is tried
again with every later write.
"""

from __future__ import annotations

import logging

from pm.errors import Failed

from .record import Record
from .store import Store

_log = logging.getLogger(__name__)


class Ledger:
    """The store of apps, and what it could not take yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._late: dict[str, Record | None] = {}
        """By the app's name; None: to be forgotten."""

    def write(self, record: Record, next_id: int) -> None:
        """See a record on the disk, and what is late; raises Failed."""
        self._put({**self._late, record.name: record}, next_id)

    def note(self, name: str, record: Record | None, next_id: int) -> str:
        """Write a record, or that an app is forgotten (None), now or later.

        Returns a remark for the user if it is later, else an empty string.
        """
        self._late[name] = record
        try:
            self._put(self._late, next_id)
        except Failed as error:
            _log.warning("%s: not written down yet: %s", name, error.message)
            return unwritten(error)
        return ""

    def _put(self, entries: dict[str, Record | None], next_id: int) -> None:
        records = [record for record in entries.values() if record is not None]
        gone = [name for name, record in entries.items() if record is None]
        self._store.put(records, next_id, gone)
        self._late = {}


def unwritten(error: Failed) -> str:
    """Return a remark on something that was done and could not be written down."""
    return f"; {error.message}, so the next daemon would start it again"
