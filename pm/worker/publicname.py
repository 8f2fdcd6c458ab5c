"""`import pm` in an app that has no such module of its own: what is loaded as `_pm`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


class PublicName:
    """A finder and loader for the end of sys.meta_path."""

    @staticmethod
    def find_spec(name: str, path: object = None, _target: object = None) -> Any:
        """Answer for `pm` itself; its submodules are found through its path."""
        if name != "pm" or path is not None:
            return None
        import _frozen_importlib as bootstrap

        loader: Any = PublicName
        return bootstrap.ModuleSpec("pm", loader, is_package=True)

    @staticmethod
    def create_module(_spec: object) -> Any:
        """Return the package that is already loaded under its private name."""
        return sys.modules[__name__.partition(".")[0]]

    @staticmethod
    def exec_module(_module: object) -> None:
        """Do nothing: the module has run."""
