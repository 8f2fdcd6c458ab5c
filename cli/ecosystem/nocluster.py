"""What is said where a file, or `pm start -i`, asks for a cluster of a program that is no Python.

PM2 lets Node's cluster module share a port among the copies of a Node program, where a file says
`exec_mode: "cluster"`, or `instances` alone. Here only workers of Python are handed connections.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pm.model import AppSpec, Mode

if TYPE_CHECKING:
    from .formats import Dialect
    from .reading import Values

_NODE = ("node", "nodejs")


def remark(values: Values, spec: AppSpec, dialect: Dialect) -> str:
    """Return which key means nothing, why, and what to write; empty if all is as asked."""
    asked = values.get("exec_mode")
    several = spec.instances > 1 and not spec.listen and not spec.increment_var
    if spec.exec_mode is not Mode.FORK or asked == Mode.FORK.value:
        return ""
    if asked is None and not (dialect.pm2 and several and is_node(spec)):
        return ""
    name = os.path.basename(values.get("module") or values["script"])
    said = f"`exec_mode` changes nothing: {name} is no Python program, so it runs without a cluster"
    if asked is None:
        said = f"`instances` makes no cluster: {name} is no Python program"
    return f"{said}; {_choices(spec, dialect)}" if several else said


def typed_remark(spec: AppSpec) -> str:
    """Return what is to be known of several processes of a Node program that was typed."""
    if spec.instances < 2 or not is_node(spec):
        return ""
    name = os.path.basename(spec.args[0]) if spec.args else spec.script
    return (
        f"{spec.name}: {name} is no Python program, so -i makes no cluster: its {spec.instances}"
        " processes cannot bind the same port (EADDRINUSE); leave -i out, or give them one by"
        " `listen` in an ecosystem file (docs/scheduling.md)"
    )


def _choices(spec: AppSpec, dialect: Dialect) -> str:
    colon = ": " if dialect.pm2 else " = "
    port = spec.env.get("PORT", "")
    address = f"0.0.0.0:{port if port.isdecimal() else 8000}"
    return (
        f"its {spec.instances} processes cannot bind the same port (EADDRINUSE): write"
        f' `instances{colon}1`; or `listen{colon}["{address}"]`, and let it listen on fd 3, which'
        " pm gives it (LISTEN_FDS; in Node `server.listen({fd: 3})`)"
    )


def is_node(spec: AppSpec) -> bool:
    """Return True for a program that Node runs."""
    return os.path.basename(spec.script) in _NODE
