"""portend (CherryPy asks it): whether a port is free, as it would be without the other workers.

A listener of this app is free for a worker that has not bound it yet, and occupied for one that
listens on it. No connection is made to find out: another worker would get it.
"""

from __future__ import annotations

from .. import here
from ..sockets import listening

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def adapt(module: Any) -> None:
    """Let the checks of `portend.Checker` look at the app's listeners first."""
    checker = module.Checker
    plain = checker._connect

    def _connect(
        self: Any, family: int, kind: int, proto: int, canonname: str, address: tuple[Any, ...]
    ) -> None:
        host, port = address[:2]
        if listening.serves(int(family), host, port):
            raise module.PortNotFree(f"Port {port} is in use on {host}.")
        if _is_of_the_app(int(family), host, port):
            return
        try:
            plain(self, family, kind, proto, canonname, address)
        except module.PortNotFree:
            if not _is_of_the_app(int(family), host, port):  # another worker was quicker
                raise

    checker._connect = _connect


def _is_of_the_app(family: int, host: str, port: int) -> bool:
    if here.link is None:
        return False
    try:
        here.link.ask({"do": "holds", "family": family, "address": [host, port]}, [])
    except OSError:  # ENOENT, or no master
        return False
    return True
