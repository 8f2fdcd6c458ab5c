"""The commands that change hosts: setup, deploy, revert. Each step is taken on every host first."""

from __future__ import annotations

import time
from collections.abc import Callable

from pm.record import replace

from . import facts, plan
from .activation import Activation, Outcome, outcomes_of
from .facts import Facts
from .fleet import Broken, Fleet, Host
from .model import Deployment, Release
from .session import run_here


class Releasing:
    """One deployment on its hosts, done by somebody."""

    def __init__(self, deployment: Deployment, fleet: Fleet, by: str) -> None:
        self._deployment = deployment
        self._fleet = fleet
        self._by = by
        self._facts: dict[str, Facts] = {}
        self._activation = Activation(deployment, fleet, self._facts)

    def setup(self) -> list[Outcome]:
        """Make folders and mirror on all hosts."""
        steps = plan.setup(self._deployment, self._by)

        try:
            self._fleet.each(lambda host: host.session.open())
            self._fleet.each(lambda host: host.take(*steps))
        except Broken as broken:
            return outcomes_of(self._fleet, broken.errors, lambda _: "not asked")
        return outcomes_of(self._fleet, {}, lambda _: f"set up in {self._deployment.path}")

    def deploy(self) -> list[Outcome]:
        """Make the newest commit of the ref the current release of all hosts."""
        return self._guarded(self._deploy)

    def revert(self, back: int) -> list[Outcome]:
        """Go back to an earlier release on all hosts."""
        return self._guarded(lambda: self._revert(back))

    def _guarded(self, work: Callable[[], list[Outcome]]) -> list[Outcome]:
        try:
            self._facts.update(self._fleet.each(self._begin))
            return work()
        except Broken as broken:
            for error in broken.errors.values():
                error.hint = error.hint or "nothing was switched: what was live still is"
            return outcomes_of(self._fleet, broken.errors, lambda _: "left as it was")

    def _begin(self, host: Host) -> Facts:
        host.session.open()
        host.take(plan.lock(self._by))
        found = facts.read(host.take(plan.look(self._deployment)))
        plan.check(found, f"pm deploy {self._deployment.name} setup")
        return found

    def _deploy(self) -> list[Outcome]:
        self._run_local_hook()
        release = self._fetched()
        steps = plan.prepare(self._deployment, release)
        self._fleet.each(lambda host: host.take(*steps))
        outcomes = self._activation.run({host.name: release for host in self._fleet.hosts})
        if any(outcome.error for outcome in outcomes):
            return outcomes
        _, errors = self._fleet.ask(self._prune)
        return [
            replace(o, done=f"{o.done}; {errors[o.host].message}") if o.host in errors else o
            for o in outcomes
        ]

    def _revert(self, back: int) -> list[Outcome]:
        def release(host: Host) -> Release:
            found = self._facts[host.name]
            return plan.again(found, plan.target(found, back), self._by)

        return self._activation.run(self._fleet.each(release))

    def _run_local_hook(self) -> None:
        text = self._deployment.hooks.pre_deploy_local
        if text:
            show = self._fleet.hosts[0].show
            show.step("here", f"pre-deploy-local: {text}")
            run_here(text, lambda line: show.line("here", line))

    def _fetched(self) -> Release:
        """Bring all mirrors up to date; the first host says which commit it is for all."""
        first, *others = self._fleet.hosts
        ref = self._deployment.ref
        told = self._fleet.each(lambda host: self._commit(host, ref), [first])
        commit = told[first.name]
        self._fleet.each(lambda host: self._commit(host, commit), others)
        taken = [name for found in self._facts.values() for name in found.releases]
        return plan.release_of(self._deployment, commit, time.time(), self._by, taken)

    def _commit(self, host: Host, ref: str) -> str:
        told = host.take(plan.fetch(self._deployment, ref))
        return plan.commit_of(told)

    def _prune(self, host: Host) -> None:
        found = facts.read(host.take(plan.look(self._deployment)))
        names = plan.superfluous(found, self._deployment.keep)
        if names:
            host.take(plan.prune(names))
