"""Who an app runs as: looked up, or refused with the reason."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from pm.errors import ConfigError
from pm.identity import identity_of


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """We are root, as far as we are told."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getegid", lambda: 0)


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> pwd.struct_passwd:
    """We are an ordinary user."""
    user = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: user.pw_uid)
    monkeypatch.setattr(os, "getegid", lambda: user.pw_gid)
    return user


@pytest.mark.usefixtures("root")
def test_a_name_and_a_number_are_the_same_user() -> None:
    user = pwd.getpwnam("nobody")
    found = identity_of("nobody", "")
    assert found == identity_of(str(user.pw_uid), "")
    assert found is not None
    assert (found.uid, found.gid) == (user.pw_uid, user.pw_gid)
    assert set(found.groups) == set(os.getgrouplist("nobody", user.pw_gid))
    assert found.environ == {"HOME": user.pw_dir, "USER": "nobody", "LOGNAME": "nobody"}


@pytest.mark.usefixtures("root")
def test_a_group_beside_the_user_or_alone() -> None:
    daemon = grp.getgrnam("daemon").gr_gid
    both, alone = identity_of("nobody", "daemon"), identity_of("", str(daemon))
    assert both is not None
    assert alone is not None
    assert (both.gid, alone.uid, alone.gid) == (daemon, 0, daemon)
    assert daemon in both.groups


@pytest.mark.usefixtures("root")
def test_a_bare_number_needs_a_group() -> None:
    with pytest.raises(ConfigError, match="uid 987654 has no name"):
        identity_of("987654", "")
    found = identity_of("987654", "55")
    assert found is not None
    assert (found.uid, found.gid, found.groups) == (987654, 55, (55,))


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(("user", "group"), [("root", ""), ("0", "0"), ("", "")])
def test_nothing_is_to_be_done_to_become_oneself(user: str, group: str) -> None:
    assert identity_of(user, group) is None


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(("user", "group"), [("no-such", ""), ("nobody", "no-such")])
def test_who_is_not_known(user: str, group: str) -> None:
    with pytest.raises(ConfigError, match=f"no {'group' if group else 'user'} `no-such`"):
        identity_of(user, group)


def test_only_root_may_become_another(ordinary: pwd.struct_passwd) -> None:
    assert identity_of("nobody", "") is None
    assert identity_of(str(ordinary.pw_uid), str(ordinary.pw_gid)) is None
    with pytest.raises(ConfigError, match="user: only root may run an app as `root`"):
        identity_of("root", "")
    with pytest.raises(ConfigError, match="group: only root may run an app as `daemon`"):
        identity_of("", "daemon")


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("number", ["4294967295", "99999999999", "9" * 5000])
def test_numbers_that_nobody_has(number: str) -> None:
    """The kernel takes 4294967295 for -1: the process would stay root."""
    with pytest.raises(ConfigError, match="is no number of a user"):
        identity_of(number, "5")
    with pytest.raises(ConfigError, match="is no number of a group"):
        identity_of("5", number)
