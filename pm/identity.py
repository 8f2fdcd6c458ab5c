"""Who an app runs as: its user, group and supplementary groups, as this machine knows them."""

from __future__ import annotations

import os

from .errors import ConfigError
from .record import dataclass

_HIGHEST = 2**32 - 2


@dataclass(frozen=True)
class Identity:
    """What a process becomes for good before it runs the app."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    """The supplementary ones: all that the user is a member of (initgroups(3))."""
    environ: dict[str, str]
    """HOME, USER and LOGNAME, which systemd sets too (systemd.exec(5))."""


def identity_of(user: str, group: str) -> Identity | None:
    """Return what an app of that user and group has to become; None if we are that already.

    Names or numbers; without a group it is the user's own. Raises ConfigError for those that are
    not known, and where this process may not become somebody else.
    """
    if not user and not group:
        return None
    found = look_up(user, group)
    ours = os.geteuid()
    if (found.uid, found.gid) == (ours, os.getegid()):
        return None
    if ours:
        key, wished = ("user", user) if found.uid != ours else ("group", group)
        raise ConfigError(
            f"{key}: only root may run an app as `{wished}`, and this daemon runs as uid {ours}",
            "start the daemon as root (`sudo pm start ...`), or leave the key out",
        )
    return found


def look_up(user: str, group: str) -> Identity:
    """Return who that is on this machine; empty is our own. Raises ConfigError if nobody is."""
    import grp
    import pwd

    gid = -1
    if group:
        try:
            number = _number("group", group)
            gid = grp.getgrnam(group).gr_gid if number is None else number
        except KeyError:
            raise ConfigError(f"group: there is no group `{group}` on this machine") from None
    number = _number("user", user)
    try:
        own = pwd.getpwuid(os.geteuid()) if not user else None
        entry = own or (pwd.getpwnam(user) if number is None else pwd.getpwuid(number))
    except KeyError:
        return _nameless(user, gid)
    gid = entry.pw_gid if gid < 0 else gid
    names = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    return Identity(entry.pw_uid, gid, tuple(os.getgrouplist(entry.pw_name, gid)), names)


def _number(key: str, text: str) -> int | None:
    """Return the number of a user or group, None for a name.

    Raises ConfigError for one that the kernel has not; the highest, -1 there, changes nobody.
    """
    if not text.isdecimal():
        return None
    if len(text) > len(str(_HIGHEST)) or int(text) > _HIGHEST:
        raise ConfigError(f"{key}: {text[:20]} is no number of a {key}; 0 to {_HIGHEST}")
    return int(text)


def _nameless(user: str, gid: int) -> Identity:
    """Return the identity of a bare number: it is in no groups but the one that is given."""
    if user and not user.isdecimal():
        raise ConfigError(f"user: there is no user `{user}` on this machine")
    if gid < 0:
        raise ConfigError(
            f"user: uid {user or os.geteuid()} has no name on this machine, and so no group",
            "give `group` too",
        )
    return Identity(int(user or os.geteuid()), gid, (gid,), {"HOME": "/"})
