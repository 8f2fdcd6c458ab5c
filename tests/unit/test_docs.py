"""The documents cover what the code defines, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from pm.api import REQUESTS
from pm.control import MESSAGES, Op
from pm.model import State
from tests import ecosystem_docs

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]


CLI_PART, MASTER_PART = PROTOCOL.split("\n## Daemon and master\n")


def rows(page: str) -> dict[str, list[str]]:
    """Return the table rows of a page by each name in code in their first cell."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`([^`]+)`", cells[0]) if line.startswith("|") else []:
            found[name] = cells
    return found


@pytest.mark.parametrize("name", REQUESTS)
def test_each_request_is_documented_with_its_answer_and_fields(name: str) -> None:
    kind = REQUESTS[name]
    cells = rows(CLI_PART)[name]
    assert cells[1] == kind.answer.__name__
    fields = [f for f in getattr(kind, "__dataclass_fields__", {}) if f not in ("name", "answer")]
    assert [f for f in cells[2].split(", ") if f] == fields


@pytest.mark.parametrize("name", [*MESSAGES, *get_args(Op)])
def test_each_control_message_is_documented(name: str) -> None:
    assert name in rows(MASTER_PART)


@pytest.mark.parametrize("state", State)
def test_each_state_is_in_the_glossary(state: State) -> None:
    assert f"| **{state.value}** |" in (ROOT / "docs" / "glossary.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_tables_of_keys_are_those_of_the_code() -> None:
    page = ecosystem_docs.PAGE.read_text()
    assert ecosystem_docs.filled(page) == page, "`make docs` writes them anew"
