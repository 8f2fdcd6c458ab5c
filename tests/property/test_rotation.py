"""Laws of the rotation, whatever joins and leaves in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pm.master.rotation import RoundRobin

MEMBERS = st.integers(0, 5)


class Turns(RuleBasedStateMachine):
    """A rotation beside a plain set of its members."""

    def __init__(self) -> None:
        super().__init__()
        self.turns: RoundRobin[int] = RoundRobin()
        self.members: set[int] = set()
        self.since: list[int] = []
        """Chosen since the members last changed."""

    @rule(member=MEMBERS)
    def join(self, member: int) -> None:
        if member not in self.members:
            self.since = []
        self.turns.join(member)
        self.members.add(member)

    @rule(member=MEMBERS)
    def leave(self, member: int) -> None:
        if member in self.members:
            self.since = []
        self.turns.leave(member)
        self.members.discard(member)

    @rule()
    def choose(self) -> None:
        chosen = self.turns.choose()
        if not self.members:
            assert chosen is None
            return
        assert chosen in self.members
        self.since.append(chosen)

    @invariant()
    def among_the_same_members_each_gets_one_of_n(self) -> None:
        assert len(self.turns) == len(self.members)
        last = self.since[-len(self.members) :]
        assert len(set(last)) == len(last)


TestTurns = Turns.TestCase


@given(st.lists(MEMBERS, min_size=1, unique=True), st.data())
def test_who_stays_waits_at_most_one_round(members: list[int], data: st.DataObject) -> None:
    """Others may come and go: a member's turn comes after everyone who was before it."""
    turns: RoundRobin[int] = RoundRobin()
    for member in members:
        turns.join(member)
    me = data.draw(st.sampled_from(members))
    for step in range(len(members)):
        if turns.choose() == me:
            return
        other = data.draw(st.sampled_from(members), label=f"leaves and joins again {step}")
        if other != me:
            turns.leave(other)
            turns.join(other)
    raise AssertionError("more than a round without a turn")
