"""Laws of the order, for any apps that depend on each other, ending in any way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from daemon.ordering.course import Course
from daemon.ordering.standing import Standing, judge
from pm.dependency import Condition, Dependency, cycle_in, dependents
from pm.model import State

NAMES = [f"app{n}" for n in range(7)]
Needs = dict[str, list[Dependency]]


@st.composite
def acyclic(draw: st.DrawFn) -> Needs:
    """Apps that depend only on those before them, told in any order."""
    needs: Needs = {}
    for number, name in enumerate(NAMES):
        before = draw(st.sets(st.sampled_from(NAMES[:number]))) if number else set()
        needs[name] = [Dependency(b, draw(st.sampled_from(Condition))) for b in sorted(before)]
    return {name: needs[name] for name in draw(st.permutations(NAMES))}


@dataclass
class World:
    """A daemon's list: each app fails, serves, or is a job that ends well, in its own time."""

    needs: Needs
    fates: dict[str, State]
    course: Course
    stands: dict[str, Standing] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin everything that may, as the daemon does after each change."""
        changed = True
        while changed:
            changed = False
            for name in self.waiting():
                verdict = judge(self.needs[name], self.stands, self.course)
                if verdict.refusal:
                    self.refused[name] = verdict.refusal
                    self.end(name, Standing(State.ERRORED), "was not started")
                elif not verdict.waits:
                    self.begun.append(name)
                    self.stands[name] = Standing(State.LAUNCHING, started=True)
                changed |= name not in self.waiting()

    def waiting(self) -> list[str]:
        return [n for n in self.needs if n not in self.begun and n not in self.refused]

    def fulfil(self, name: str) -> None:
        """Let an app that has begun become what it will be."""
        fate = self.fates[name]
        job = fate is State.STOPPED
        up = Standing(fate, started=fate is State.ONLINE, completed=job, job=job)
        self.end(name, up, "failed" if fate is State.ERRORED else "")

    def end(self, name: str, standing: Standing, failure: str = "") -> None:
        self.stands[name] = standing
        self.course.done(name, failure)


FATES = st.fixed_dictionaries({
    name: st.sampled_from([State.ONLINE, State.STOPPED, State.ERRORED]) for name in NAMES
})  # fmt: skip


def possible(needs: Needs, fates: dict[str, State]) -> Needs:
    """Ask for the completion of jobs only, as a spec has to."""
    return {
        name: [
            Dependency(d.app, d.condition if fates[d.app] is not State.ONLINE else Condition.READY)
            for d in of
        ]
        for name, of in needs.items()
    }


@given(acyclic(), FATES, st.booleans(), st.data())
def test_each_app_begins_after_what_it_needs_or_says_why_not(
    needs: Needs, fates: dict[str, State], one_request: bool, data: st.DataObject
) -> None:
    needs = possible(needs, fates)
    world = World(needs, fates, Course(NAMES if one_request else ()))
    world.stands = {name: Standing(State.LAUNCHING) for name in NAMES}
    world.begin()
    free = {name for name in NAMES if not needs[name]}
    assert free <= set(world.begun), "what needs nothing begins at once, side by side"
    unsettled = list(world.begun)
    while unsettled:
        name = data.draw(st.sampled_from(unsettled))
        known = len(world.begun)
        world.fulfil(name)
        world.begin()
        unsettled.remove(name)
        unsettled += world.begun[known:]
        for later in world.begun[known:]:
            for needed in needs[later]:
                assert needed.app in world.begun
                if needed.condition is not Condition.STARTED:
                    assert needed.app not in unsettled
                    assert fates[needed.app] is not State.ERRORED
    assert not world.waiting(), "nobody waits for ever"
    for name, why in world.refused.items():
        failed = {app for app in NAMES if fates[app] is State.ERRORED} | world.refused.keys()
        assert any(f"`{d.app}`" in why for d in needs[name] if d.app in failed)


@given(acyclic())
def test_apps_without_a_circle_can_be_stopped_in_reverse(needs: Needs) -> None:
    assert cycle_in(needs) == ()
    left = set(needs)
    while left:
        free = {name for name in left if not left.intersection(dependents(needs, name))}
        assert free, "somebody may always be the next"
        left -= free


@given(acyclic(), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_circle_is_found_wherever_it_is(needs: Needs, one: str, other: str) -> None:
    needs[one].append(Dependency(other))
    needs[other].append(Dependency(one))
    circle = cycle_in(needs)
    assert len(circle) > 1
    assert circle[0] == circle[-1]
    for name, following in itertools.pairwise(circle):
        assert following in [needed.app for needed in needs[name]]
