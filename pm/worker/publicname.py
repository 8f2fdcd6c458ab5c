"""`import pm` in an app that has no such module of its own: what is loaded as `_pm`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_PRIVATE = __name__.partition(".")[0]
_OURS = "/worker/bootstrap.py"
"""What stands in a folder of this package."""


class PublicName:
    """A finder and loader for the head of sys.meta_path, which lets the others go first.

    An app's own module `pm` wins. A mere folder of that name does not (as anywhere in Python: a
    namespace package gives way to a real one), and neither does a copy of this package in the
    app's environment: it would know no master.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> Any:
        """Answer for `pm` if nobody else does, and for what is below it if it is ours."""
        if name == "pm" and path is None:
            return _of_others(target) or _spec(name)
        if name.startswith("pm.") and sys.modules.get("pm") is sys.modules[_PRIVATE]:
            return _spec(name)
        return None

    @staticmethod
    def create_module(_spec: object) -> Any:
        """Leave it to the import system: an empty module, which is not used."""
        return None

    @staticmethod
    def exec_module(module: Any) -> None:
        """Put what is loaded under the private name in the module's place."""
        name: str = module.__spec__.name
        private = _PRIVATE + name[len("pm") :]
        __import__(private)
        sys.modules[name] = sys.modules[private]


def _of_others(target: object) -> Any:
    for finder in sys.meta_path:
        spec = None if finder is PublicName else finder.find_spec("pm", None, target)  # type: ignore[arg-type]
        if spec is not None and spec.origin is not None:
            return None if os.path.exists(os.path.dirname(spec.origin) + _OURS) else spec
    return None


def _spec(name: str) -> Any:
    import _frozen_importlib as bootstrap

    loader: Any = PublicName
    return bootstrap.ModuleSpec(name, loader, is_package=True)
