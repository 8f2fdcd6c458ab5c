"""What runs in the interpreter of the app: template, worker, and the hooks between.

For the app, as `pm.worker`: `id`, `slot`, `generation` and `app` of this worker.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    id: int | None
    """A number that no other worker of the app ever has, counted from 1; None outside of pm."""
    slot: int
    """The worker's place, 0 to n-1; -1 outside of pm."""
    generation: int
    """Which load of the code it runs; 0 outside of pm."""
    app: str
    """The app's name; empty outside of pm."""

_NAMES = {"id": "launch", "slot": "slot", "generation": "generation", "app": "app"}


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import here

    value = getattr(here, _NAMES[name])
    return value or None if name == "id" else value
