"""Laws of a rollout, over an app in which things happen in any order that is possible."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pm.master.rolling.rollout import Deed, Happening, Rollout, step

SLOTS = st.lists(st.integers(0, 9), unique=True, max_size=6).map(tuple)


class App:
    """Old and new workers by slot, as the deeds make them."""

    def __init__(self, slots: tuple[int, ...]) -> None:
        self.old = set(slots)
        self.new: set[int] = set()
        self.launched: list[int] = []

    def do(self, deed: Deed | None, slot: int, overlap: bool) -> None:
        if deed is Deed.LAUNCH:
            assert overlap or slot not in self.old, "two at once"
            self.launched.append(slot)
        elif deed is Deed.RETIRE:
            assert slot in self.old
            assert slot in self.new or not overlap, "the old retired before the new was ready"

    def answer(self, deed: Deed | None, slot: int) -> Happening:
        if deed is Deed.LAUNCH:
            self.new.add(slot)
            return Happening.READY
        self.old.remove(slot)
        return Happening.GONE


@given(SLOTS, st.booleans())
def test_every_slot_is_replaced_once(slots: tuple[int, ...], overlap: bool) -> None:
    app = App(slots)
    rollout, deed = step(Rollout(slots, overlap), Happening.BEGIN)
    while deed is not Deed.FINISH:
        slot = rollout.slot
        app.do(deed, slot, overlap)
        rollout, deed = step(rollout, app.answer(deed, slot))
    assert app.launched == list(slots)
    assert rollout.done == slots
    assert (app.old, app.new) == (set(), set(slots))


@given(SLOTS.filter(bool), st.booleans(), st.data())
def test_a_failure_keeps_the_rest(
    slots: tuple[int, ...], overlap: bool, data: st.DataObject
) -> None:
    app = App(slots)
    bad = data.draw(st.sampled_from(slots))
    rollout, deed = step(Rollout(slots, overlap), Happening.BEGIN)
    while deed is not Deed.ABORT:
        slot = rollout.slot
        app.do(deed, slot, overlap)
        failed = deed is Deed.LAUNCH and slot == bad
        happening = Happening.FAILED if failed else app.answer(deed, slot)
        rollout, deed = step(rollout, happening)
    at = slots.index(bad)
    assert rollout.done == slots[:at]
    assert app.new == set(slots[:at])
    kept = slots[at:] if overlap else slots[at + 1 :]
    assert app.old == set(kept)
