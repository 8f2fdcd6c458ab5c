"""Adapters for servers that accept outside Python, put in place when their module is imported."""

from __future__ import annotations

import sys
from _thread import get_ident  # before gevent puts its own in its place

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_ADAPTERS = {
    "eventlet.greenio.base": "adapters.eventlets",
    "gevent._socket3": "adapters.gevents",
    "multiprocessing.reduction": "adapters.pickles",
    "multiprocessing.util": "adapters.spawns",
    "portend": "adapters.portends",
    "socket": "sockets.shim",
    "ssl": "adapters.tls",
    "subprocess": "adapters.execs",
    "trio._socket": "adapters.trios",
    "uvloop": "adapters.uvloops",
}
"""Module of the app: module of this package, whose `adapt(module)` is called after the import."""


def install() -> None:
    """Adapt what has been imported (socket, and by a .pth file what not), and what will be."""
    sys.meta_path.insert(0, ImportHook())
    for name in _ADAPTERS.keys() & sys.modules.keys():
        _adapt(sys.modules[name], _ADAPTERS[name])


class ImportHook:
    """A finder at the head of sys.meta_path that only lends a hand to the others."""

    def __init__(self) -> None:
        self._busy: set[int] = set()
        """Threads for which the other finders are asked: some of them ask all, us too."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module that has an adapter, by the other finders, and have it adapted."""
        thread = get_ident()
        if name not in _ADAPTERS or thread in self._busy:
            return None
        self._busy.add(thread)
        try:
            for finder in sys.meta_path:
                spec = None if finder is self else finder.find_spec(name, path, target)
                if spec is not None and spec.loader is not None:
                    _adapt_after(spec.loader, _ADAPTERS[name])
                    return spec
        finally:
            self._busy.discard(thread)
        return None


def _adapt_after(loader: Any, adapter: str) -> None:
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        execute(module)
        _adapt(module, adapter)

    loader.exec_module = exec_module


def _adapt(module: Any, adapter: str) -> None:
    name = f"{__name__.rpartition('.')[0]}.{adapter}"
    __import__(name)
    sys.modules[name].adapt(module)
