"""Laws of the rotation, whatever joins and leaves in between."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pm.master.sockets.rotation import LeastConnections, RoundRobin, SourceHash

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


@given(st.lists(MEMBERS, min_size=1, unique=True), st.data())
def test_who_is_chosen_by_least_connections_has_the_fewest(
    members: list[int], data: st.DataObject
) -> None:
    opened = data.draw(st.fixed_dictionaries(dict.fromkeys(members, st.integers(0, 3))))
    turns: LeastConnections[int] = LeastConnections(opened.__getitem__)
    for member in members:
        turns.join(member)
    for _ in range(20):
        chosen = turns.choose()
        assert chosen is not None
        assert opened[chosen] == min(opened.values())
        opened[chosen] += 1
    assert max(opened.values()) - min(opened.values()) <= 1 or max(opened.values()) <= 3


@given(st.lists(MEMBERS, min_size=1, unique=True))
def test_equals_take_turns_with_least_connections(members: list[int]) -> None:
    turns: LeastConnections[int] = LeastConnections(lambda _: 0)
    strict: RoundRobin[int] = RoundRobin()
    for member in members:
        turns.join(member)
        strict.join(member)
    assert [turns.choose() for _ in range(15)] == [strict.choose() for _ in range(15)]


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(lambda a: f"C{a} 40000"),
    st.ip_addresses(v=6).map(lambda a: f"M{a} 40000 0 0"),
).map(str.encode)


def hashed(slots: list[int]) -> SourceHash[str]:
    turns: SourceHash[str] = SourceHash(lambda member: int(member.partition(".")[0]))
    for slot in slots:
        turns.join(f"{slot}.0")
    return turns


@given(st.lists(st.integers(0, 30), min_size=1, unique=True), ADDRESSES, st.data())
def test_who_leaves_moves_only_its_own_clients(
    slots: list[int], text: bytes, data: st.DataObject
) -> None:
    turns = hashed(slots)
    home = turns.choose(text)
    other = data.draw(st.sampled_from(slots))
    turns.leave(f"{other}.0")
    now = turns.choose(text)
    if f"{other}.0" != home:
        assert now == home
    turns.join(f"{other}.1")  # its replacement in the slot
    back = turns.choose(text)
    assert back is not None
    assert home is not None
    assert back.partition(".")[0] == home.partition(".")[0]


@given(st.lists(st.integers(0, 30), min_size=2, unique=True), ADDRESSES, st.randoms())
def test_the_order_of_joining_changes_no_home(
    slots: list[int], text: bytes, random: Random
) -> None:
    home = hashed(slots).choose(text)
    random.shuffle(slots)
    assert hashed(slots).choose(text) == home


@given(st.lists(st.integers(0, 30), min_size=1, unique=True), ADDRESSES, st.integers(31, 40))
def test_a_new_slot_takes_clients_to_itself_only(slots: list[int], text: bytes, new: int) -> None:
    turns = hashed(slots)
    home = turns.choose(text)
    turns.join(f"{new}.0")
    assert turns.choose(text) in (home, f"{new}.0")


def test_clients_are_spread_over_all_slots() -> None:
    turns = hashed([0, 1, 2, 3])
    homes = Counter(turns.choose(f"C10.0.{n // 256}.{n % 256} 5000".encode()) for n in range(4000))
    assert all(850 < count < 1150 for count in homes.values()), homes


def test_the_port_of_a_client_does_not_count() -> None:
    turns = hashed([0, 1, 2, 3])
    assert len({turns.choose(f"C10.0.0.7 {port}".encode()) for port in range(1024, 1100)}) == 1
    mapped = turns.choose(b"C::ffff:10.0.0.7 1024 0 0")
    assert mapped == turns.choose(b"C10.0.0.7 1024")


def test_clients_without_an_address_take_turns() -> None:
    turns = hashed([0, 1])
    assert [turns.choose(b"C") for _ in range(4)] == ["0.0", "1.0", "0.0", "1.0"]
