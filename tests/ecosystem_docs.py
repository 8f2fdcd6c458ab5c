"""The tables of docs/ecosystem.md, made from the keys; `make docs` writes them into the page."""

from __future__ import annotations

import re
from pathlib import Path

from cli.ecosystem.formats import DEFAULT_NAMES
from cli.ecosystem.keys import KEYS, MEANINGLESS, default_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ecosystem.md"


def filled(page: str) -> str:
    """Return the page with each table between its marks made anew."""
    for name, text in (("names", _names()), ("keys", _keys()), ("idle", _idle())):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(end)
        assert found, f"{PAGE.name} has lost its marks of {name}"
        page = head + begin + text + end + tail
    return page


def _names() -> str:
    return ", ".join(f"`{name}`" for name in DEFAULT_NAMES) + "\n"


def _keys() -> str:
    rows = ["| key | value | default | meaning | PM2's names |", "|---|---|---|---|---|"]
    for name, key in KEYS.items():
        value = f"{key.kind.name}: {key.kind.note}" if key.kind.note else key.kind.name
        also = ", ".join(f"`{alias}`" for alias in key.aliases)
        cells = (f"`{name}`", value, default_of(name), key.help, also)
        rows.append(re.sub(" +", " ", f"| {' | '.join(cells)} |"))
    return "\n".join(rows) + "\n"


def _idle() -> str:
    rows = ["| PM2's key | why it changes nothing here |", "|---|---|"]
    for why in dict.fromkeys(MEANINGLESS.values()):
        keys = ", ".join(f"`{key}`" for key, reason in MEANINGLESS.items() if reason == why)
        rows.append(f"| {keys} | {why} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
