"""Adapters for servers that accept outside Python, put in place when their module is imported."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_ADAPTERS = {"uvloop": "uvloops"}
"""Module of the app: module beside this one, whose `adapt(module)` is called after the import."""


class ImportHook:
    """A finder at the head of sys.meta_path that only lends a hand to the others."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module that has an adapter, by the other finders, and have it adapted."""
        if name not in _ADAPTERS or self._busy:
            return None
        self._busy = True
        try:
            for finder in sys.meta_path:
                spec = None if finder is self else finder.find_spec(name, path, target)
                if spec is not None and spec.loader is not None:
                    _adapt_after(spec.loader, _ADAPTERS[name])
                    return spec
        finally:
            self._busy = False
        return None


def _adapt_after(loader: Any, adapter: str) -> None:
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        execute(module)
        package = __name__.rpartition(".")[0]
        __import__(f"{package}.{adapter}")
        sys.modules[f"{package}.{adapter}"].adapt(module)

    loader.exec_module = exec_module
