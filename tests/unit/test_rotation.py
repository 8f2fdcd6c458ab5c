"""Strict rotation: whose turn it is."""

from __future__ import annotations

from pm.master.sockets.rotation import RoundRobin


def rotation(*members: str) -> RoundRobin[str]:
    turns: RoundRobin[str] = RoundRobin()
    for member in members:
        turns.join(member)
    return turns


def test_nobody_is_chosen_among_none() -> None:
    turns = rotation()
    assert turns.choose() is None
    assert len(turns) == 0


def test_everyone_in_turn_in_the_order_of_joining() -> None:
    turns = rotation("a", "b", "c")
    assert [turns.choose() for _ in range(7)] == list("abcabca")


def test_who_joins_waits_for_all_others() -> None:
    turns = rotation("a", "b")
    assert turns.choose() == "a"
    turns.join("c")
    assert [turns.choose() for _ in range(4)] == list("bacb")


def test_joining_twice_gives_one_place() -> None:
    turns = rotation("a", "b", "a")
    assert len(turns) == 2
    assert [turns.choose() for _ in range(4)] == list("abab")


def test_who_leaves_is_not_chosen_and_the_others_keep_their_order() -> None:
    turns = rotation("a", "b", "c")
    assert turns.choose() == "a"
    turns.leave("b")
    turns.leave("unknown")
    assert [turns.choose() for _ in range(4)] == list("caca")
