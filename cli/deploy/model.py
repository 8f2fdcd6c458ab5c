"""What is deployed, to where and how: one `[deploy.NAME]` table, and the places on a host."""

from __future__ import annotations

from collections.abc import Mapping

from pm.record import dataclass, field


@dataclass(frozen=True)
class Access:
    """How ssh gets to the hosts; what is empty is left to ssh and its own configuration."""

    user: str = ""
    port: int | None = None
    key: str = ""
    options: tuple[str, ...] = ()
    """For `ssh -o`."""
    forward_agent: bool = False


@dataclass(frozen=True)
class Hooks:
    """The user's own commands; docs/deploy.md has when and where each is run."""

    pre_setup: str = ""
    post_setup: str = ""
    pre_deploy_local: str = ""
    pre_deploy: str = ""
    post_deploy: str = ""


@dataclass(frozen=True)
class Deployment:
    """One table `[deploy.NAME]`."""

    name: str
    hosts: tuple[str, ...]
    repo: str
    path: str
    """Absolute, or under the home of the host's user: `~/app`."""
    ref: str = "main"
    access: Access = field(default_factory=Access)
    hooks: Hooks = field(default_factory=Hooks)
    env: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    keep: int = 5
    parallel: int = 1
    file: str = "ecosystem.toml"
    """The ecosystem file, from the top of the repository."""
    environment: str = ""
    """NAME, if apps of the file have variables `env_NAME`."""


@dataclass(frozen=True)
class Release:
    """One release: its folder's name on every host, and what it was made of."""

    name: str
    commit: str
    ref: str
    by: str
    """Who deploys it, from where."""
