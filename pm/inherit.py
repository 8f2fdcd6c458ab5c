"""Which of a caller's variables an app gets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .model import AppSpec
from .record import replace

_OWN = frozenset({"PM_READY_FD", "PM_APP", "PM_SLOT", "PM_GENERATION"})
"""What pm itself sets: an app that runs `pm start` must not hand its own on."""


def inherited(env: Mapping[str, str], filters: Iterable[str] = ()) -> dict[str, str]:
    """Return a caller's variables for an app: without pm's own and those with a filter in the name.

    PATH is never left out: without it no program finds another.
    """
    parts = tuple(filters)
    return {
        name: value
        for name, value in env.items()
        if name not in _OWN and (name == "PATH" or not any(part in name for part in parts))
    }


def with_env(spec: AppSpec, env: Mapping[str, str]) -> AppSpec:
    """Put a caller's environment in the place of the last one's.

    What was set for the app itself stays; a variable that the caller has no more goes.
    """
    own = {name: spec.env[name] for name in spec.env_set if name in spec.env}
    return replace(spec, env={**inherited(env, spec.filter_env), **own})
