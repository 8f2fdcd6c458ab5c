"""What can go wrong in a program that forks its own workers: what happened, and what to do."""

from __future__ import annotations


class ClusterError(Exception):
    """Something that the cluster cannot do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class NotPrimary(ClusterError, RuntimeError):
    """Something that only the primary can do was called elsewhere."""


class BadSetting(ClusterError, ValueError):
    """A setting that there is not, or a value that it cannot have."""


class ReloadFailed(ClusterError, RuntimeError):
    """A new worker did not become ready; the old ones that were left go on serving."""
