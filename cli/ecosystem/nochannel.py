"""What is said where a file of PM2's counts on Node's channel to the parent process.

PM2 opens one for each Node program: `process.send("ready")`, and the message "shutdown". pm does
not, so a program that was waited for would never be ready.
"""

from __future__ import annotations

from pm.model import AppSpec, Mode
from pm.record import replace

from .formats import Dialect
from .nocluster import is_node

_KEYS = ("wait_ready", "shutdown_with_message")


def without(spec: AppSpec, dialect: Dialect) -> tuple[AppSpec, str]:
    """Return the spec without the keys that need the channel, and a note that says so."""
    asked = [key for key in _KEYS if getattr(spec, key)]
    if not (asked and dialect.pm2 and spec.exec_mode is Mode.FORK and is_node(spec)):
        return spec, ""
    keys, change = " and ".join(f"`{key}`" for key in asked), "change" + "s" * (len(asked) == 1)
    note = (
        f"{keys} {change} nothing: pm opens no channel for Node's process.send, which is undefined"
        " here as under plain node; ready is what listens or stays up, and the stop is a SIGTERM"
    )
    return replace(spec, wait_ready=False, shutdown_with_message=False), note
