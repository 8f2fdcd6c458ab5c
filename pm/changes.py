"""What differs between two specs of an app, and what it takes to bring the new one about. Pure."""

from __future__ import annotations

import enum

from .model import AppSpec
from .record import dataclass, fields_of, replace

_SCALED = frozenset({"instances"})
_LISTED = frozenset({
    "namespace", "source", "depends_on", "watch", "ignore_watch", "watch_delay", "watch_polling",
    "unwatched", "cron_restart", "cron", "timezone", "autostart",
})  # fmt: skip
"""Fields that only the daemon reads: no process has to know that they have changed."""
_RESTARTED = frozenset({"exec_mode"})
"""Where the ports pass from the master to the app, or back: they must be free in between."""
_NO_WISH = frozenset({"source", "env", "env_set"})
"""Fields that are not compared as they are."""


class Need(str, enum.Enum):
    """What brings a change about; the later ones do all that the earlier ones do."""

    NOTHING = "nothing"
    LIST = "list"
    """It is only written down."""
    SCALE = "scale"
    """Workers are added or retired; the others know nothing of it."""
    RELOAD = "reload"
    """Every worker is replaced, without a gap."""
    RESTART = "restart"
    """The app is stopped, then started: there is a gap."""

    @property
    def rank(self) -> int:
        """Its place among them."""
        return list(Need).index(self)


@dataclass(frozen=True)
class Difference:
    """One key that differs."""

    key: str
    """A field of AppSpec, or `env.NAME`."""
    old: object
    """None for a variable that is not set; so is `new`."""
    new: object

    @property
    def need(self) -> Need:
        """What this key alone needs."""
        if self.key in _SCALED:
            return Need.SCALE
        if self.key in _LISTED:
            return Need.LIST
        return Need.RESTART if self.key in _RESTARTED else Need.RELOAD


def declared(spec: AppSpec) -> dict[str, str]:
    """Return the variables that are set for the app itself, not inherited from its caller."""
    return {name: spec.env[name] for name in spec.env_set if name in spec.env}


def differences(old: AppSpec, new: AppSpec, inherited: bool = False) -> tuple[Difference, ...]:
    """Return what differs, by key.

    Of the environment only what is set for the app itself counts, else each terminal would want
    a reload; `inherited`: all of it counts.
    """
    fields = [name for name in fields_of(AppSpec) or () if name not in _NO_WISH]
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in fields]
    before, after = (old.env, new.env) if inherited else (declared(old), declared(new))
    names = sorted({*before, *after})
    pairs += [(f"env.{name}", before.get(name), after.get(name)) for name in names]
    return tuple(Difference(key, was, shall) for key, was, shall in pairs if was != shall)


def need_of(found: tuple[Difference, ...], least: Need = Need.NOTHING) -> Need:
    """Return what all of them together need."""
    return max((least, *(one.need for one in found)), key=lambda need: need.rank)


def carried(record: AppSpec, running: AppSpec) -> AppSpec:
    """Return the spec that a master runs, with what only the daemon knows of it."""
    kept = {name: getattr(record, name) for name in (*_SCALED, *_LISTED)}
    return replace(running, **kept)
