"""Accepted connections given to another process by multiprocessing: an ordinary socket there."""

from __future__ import annotations

from ..sockets.connection import Connection

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def adapt(reduction: Any) -> None:
    """Let a connection be pickled as any socket (`reduction` finds a class by its exact type)."""

    def reduce(conn: Connection) -> Any:
        conn.be_blind()  # the other process speaks on it unseen
        return reduction._reduce_socket(conn)

    reduction.register(Connection, reduce)
