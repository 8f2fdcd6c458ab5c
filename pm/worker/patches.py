"""All that is changed in an interpreter before the app's code runs."""

from __future__ import annotations

import sys

from . import closing, hooks, publicname
from .adapters import execs
from .sockets import shim

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from collections.abc import Iterable


def install(exclusive_ports: Iterable[int]) -> None:
    """Patch sockets, exec and what is imported later; once, before the app's first import."""
    shim.exclusive.update(exclusive_ports)
    shim.install()
    execs.install()
    closing.install()
    hooks.install()
    sys.meta_path.insert(0, publicname.PublicName)
