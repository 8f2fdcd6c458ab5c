"""A plan in words: one line an app, and one for each key that changes. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from pm.changes import Difference, Need
from pm.codec import to_plain

from .plan import Deed, Step
from .secrets import MASK, is_secret
from .table import paint
from .text import clean, shorten

_SIGNS = {
    Deed.ADD: ("+", "green"), Deed.CHANGE: ("~", "yellow"), Deed.START: ("~", "yellow"),
    Deed.REMOVE: ("-", "red"), Deed.KEEP: ("=", "dim"), Deed.SPARE: ("?", "dim"),
}  # fmt: skip
_NEEDS = {
    Need.LIST: "written down, nothing is restarted",
    Need.SCALE: "scaled, the other workers stay",
    Need.RELOAD: "reloaded",
    Need.RESTART: "restarted, with a gap: its ports change hands",
}
_NONE = "(not set)"
_LONGEST = 120


def show(steps: Iterable[Step], colour: bool) -> str:
    """Return the whole plan."""
    return "\n".join(line for step in steps for line in _lines(step, colour))


def summary(steps: Sequence[Step]) -> str:
    """Return "1 to add, 2 to change, 1 to remove, 3 unchanged"."""
    groups = (
        ("to add", (Deed.ADD,)), ("to change", (Deed.CHANGE,)), ("to start", (Deed.START,)),
        ("to remove", (Deed.REMOVE,)), ("unchanged", (Deed.KEEP,)),
    )  # fmt: skip
    counts = [(sum(step.deed in deeds for step in steps), what) for what, deeds in groups]
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def as_data(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return the plan for `--json`, secrets masked."""
    return [
        {
            "app": step.app,
            "deed": step.deed.value,
            "need": step.need.value,
            "changes": [
                {"key": one.key, "old": _datum(one, one.old), "new": _datum(one, one.new)}
                for one in step.found
            ],
        }
        for step in steps
    ]


def _lines(step: Step, colour: bool) -> list[str]:
    sign, style = _SIGNS[step.deed]
    head = f"{paint(sign, style, colour)} {clean(step.app)}: {_what(step)}"
    claim = [f"came from {clean(step.former)}, is this file's from now on"] if step.former else []
    return [head, *(f"    {line}" for line in [*map(_change, step.found), *claim])]


def _what(step: Step) -> str:
    if step.deed is Deed.ADD and step.spec is not None:
        count = step.spec.instances
        return f"new, {count} worker{'' if count == 1 else 's'}"
    if step.deed is Deed.CHANGE:
        first = step.need is Need.RELOAD and not step.overlaps
        return _NEEDS[step.need] + ("; each old worker leaves before the new one" if first else "")
    return {
        Deed.START: "is down: started",
        Deed.REMOVE: "no longer in the file: stopped and deleted",
        Deed.SPARE: "no longer in the file, and left alone (--prune removes it)",
    }.get(step.deed, "unchanged")


def _change(one: Difference) -> str:
    if _hidden(one) and one.old is not None and one.new is not None:
        return f"{one.key}: {MASK} -> another {MASK}"
    return f"{one.key}: {_text(one, one.old)} -> {_text(one, one.new)}"


def _text(one: Difference, value: object) -> str:
    plain = _datum(one, value)
    if plain is None:
        return _NONE
    if isinstance(plain, list) and all(isinstance(item, (str, int)) for item in plain):
        plain = shlex.join(map(str, plain))
    elif isinstance(plain, bool):
        plain = str(plain).lower()
    return shorten(clean(str(plain) if plain != "" else '""'), _LONGEST) or "(none)"


def _datum(one: Difference, value: object) -> Any:
    """Return a value as JSON knows it; what could be a secret is masked."""
    if value is not None and _hidden(one):
        return MASK
    return f"{value:04o}" if one.key == "umask" and isinstance(value, int) else to_plain(value)


def _hidden(one: Difference) -> bool:
    name, values = one.key.removeprefix("env."), (one.old, one.new)
    return name != one.key and any(is_secret(name, value) for value in values)
