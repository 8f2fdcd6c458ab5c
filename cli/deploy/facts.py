"""What a host says of itself before anything is done there. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence

from pm.record import dataclass

INSPECT = r"""
[ -z "$unread" ] || tell unread $unread
[ -d "$base/repo" ] && [ -d "$base/releases" ] && tell setup
[ -L "$base/current" ] && tell current "$(readlink "$base/current")"
[ -d "$base/current" ] && [ ! -L "$base/current" ] && tell blocked
for tool in git pm; do command -v $tool >/dev/null && tell tool $tool; done
for folder in "$base"/releases/*/; do tell release "$(basename "$folder")"; done
[ -r "$base/deploys.log" ] && tail -n 1000 "$base/deploys.log" | while IFS= read -r line; do
  tell log "$line"
done
:"""

STAMP = "%Y%m%dT%H%M%S"
"""How a release's name begins (UTC); then comes the start of its commit."""
_NAME = re.compile(r"(\d{8}T\d{6})-[0-9a-f]{7,64}")

_FIELDS = 6
"""Of a line of the log: time, release, `live` or `back`, commit, ref, who."""


@dataclass(frozen=True)
class Entry:
    """A release that was live once, as the host's log has it."""

    name: str
    when: str
    commit: str
    ref: str
    by: str


@dataclass(frozen=True)
class Facts:
    """The state of one host."""

    setup: bool = False
    blocked: bool = False
    """`current` is a folder, not a link."""
    current: str = ""
    releases: tuple[str, ...] = ()
    """All folders that are releases by their names, oldest first."""
    entries: tuple[Entry, ...] = ()
    """Of the releases that were live once and are still there, oldest first."""
    tools: frozenset[str] = frozenset()
    unread: str = ""
    """Profiles that sh cannot read to their end."""

    @property
    def good(self) -> tuple[str, ...]:
        """The releases that one can go back to, oldest first."""
        return tuple(entry.name for entry in self.entries)

    @property
    def previous(self) -> str:
        """The release before the current one, or nothing."""
        older = self.older
        return older[-1] if older else ""

    @property
    def older(self) -> tuple[str, ...]:
        """The good releases before the current one, oldest first."""
        return tuple(name for name in self.good if name < self.current)


def read(told: Iterable[str]) -> Facts:
    """Return the facts that `INSPECT` has told; what is not understood is left out."""
    words = [line.partition(" ")[::2] for line in told]
    releases = sorted({text for kind, text in words if kind == "release" and is_release(text)})
    found: dict[str, Entry] = {}
    for kind, text in words:
        fields = text.split("\t") if kind == "log" else []
        if len(fields) == _FIELDS and fields[1] in releases:
            found.pop(fields[1], None)
            found |= _entries(fields)
    links = [text.removeprefix("releases/") for kind, text in words if kind == "current"]
    kinds = {kind for kind, _ in words}
    return Facts(
        setup="setup" in kinds,
        blocked="blocked" in kinds,
        current=links[0] if links and links[0] in releases else "",
        releases=tuple(releases),
        entries=tuple(found[name] for name in sorted(found)),
        tools=frozenset(text for kind, text in words if kind == "tool"),
        unread="".join(text for kind, text in words if kind == "unread"),
    )


def is_release(name: str) -> bool:
    """Return True for a name that pm has given: no other folder is ever removed."""
    match = _NAME.fullmatch(name)
    try:
        return match is not None and bool(time.strptime(match[1], STAMP))
    except ValueError:
        return False


def _entries(fields: Sequence[str]) -> dict[str, Entry]:
    """Return the release of a line of the log; none if the line takes it back."""
    when, name, event, commit, ref, by = fields
    return {name: Entry(name, when, commit, ref, by)} if event == "live" else {}
