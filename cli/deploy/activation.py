"""The moment of a deploy: each host takes the release on, and all go back if one cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pm.errors import Failed, NotReady, PmError
from pm.record import dataclass

from . import plan
from .facts import Facts
from .fleet import Broken, Fleet, Host
from .model import Deployment, Release

_NOT_READY = NotReady.exit_code


@dataclass(frozen=True)
class Outcome:
    """What a command has done on one host."""

    host: str
    done: str = ""
    error: PmError | None = None


def outcomes_of(
    fleet: Fleet, errors: Mapping[str, PmError], done: Callable[[str], str]
) -> list[Outcome]:
    """Return an outcome for each host: its error, or what `done` says of it."""
    return [
        Outcome(host.name, error=errors[host.name])
        if host.name in errors
        else Outcome(host.name, done(host.name))
        for host in fleet.hosts
    ]


class Activation:
    """The activation of a release on the hosts of a deployment."""

    def __init__(self, deployment: Deployment, fleet: Fleet, facts: Mapping[str, Facts]) -> None:
        self._deployment = deployment
        self._fleet = fleet
        self._facts = facts

    def run(self, releases: dict[str, Release]) -> list[Outcome]:
        """Make the releases current; if one host fails, put back those that have succeeded."""
        done: list[Host] = []

        def work(host: Host) -> None:
            former = self._facts[host.name].current
            step = plan.activate(self._deployment, releases[host.name], former)
            _judge(
                host.take(step), former, plan.by_hand(self._deployment, releases[host.name], former)
            )
            done.append(host)

        try:
            self._fleet.each(work)
        except Broken as broken:
            errors = {**broken.errors, **self._put_back(done, releases)}
            return outcomes_of(self._fleet, errors, lambda name: self._stays(name))
        return outcomes_of(self._fleet, {}, lambda name: f"{releases[name].name} is live")

    def _put_back(self, hosts: list[Host], releases: dict[str, Release]) -> dict[str, PmError]:
        def work(host: Host) -> None:
            release, before = releases[host.name], self._facts[host.name]
            try:
                host.take(plan.put_back(self._deployment, release, before))
            except Failed as error:
                hint = plan.by_hand(self._deployment, release, before.current)
                why = _failed_back(before.current)
                what = f"another host failed, and {release.name} had to go from here; {why}"
                raise Failed(what, hint, error.lines) from None

        try:
            self._fleet.each(work, hosts)
        except Broken as broken:
            return broken.errors
        return {}

    def _stays(self, name: str) -> str:
        former = self._facts[name].current
        return f"{former} is live, as before" if former else "nothing is live, as before"


def _judge(told: list[str], former: str, by_hand: str) -> None:
    """Raise Failed or NotReady if the host says that the release does not serve."""
    words = [line.partition(" ")[::2] for line in told]
    found = dict(words)
    code = int(found.get("code", "1"))
    if not code:
        return
    kind = NotReady if code == _NOT_READY else Failed
    what = {
        "flip": "the link `current` could not be set",
        "apply": "the new release did not become ready" if kind is NotReady
                 else f"`pm apply` of the new release failed (exit code {code})",
    }.get(found.get("failed", ""), f"the hook post-deploy failed: exit code {code}")  # fmt: skip
    if "back" not in found:
        raise kind(f"{what}; {_failed_back(former)}", by_hand)
    back = f"{former} is live again" if former else "nothing is live, as before"
    raise kind(f"{what}; {back}", "what it printed stands above")


def _failed_back(former: str) -> str:
    if former:
        return f"going back to {former} failed"
    return "it could not be taken away: its apps may still run"
