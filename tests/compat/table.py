"""The table as Markdown: written whole, and read again to keep the rows not measured now."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

from .checks import Row

_MARK = "<!-- rows -->"
_HEAD = (
    "| server | version | serves | served by | exact rotation | reload: failed of"
    " | keep-alive reload: failed of | drain at stop | back after kill -9 | remark |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def line(row: Row) -> str:
    """Return one line of the table."""
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in astuple(row)) + " |"


def write(page: Path, order: list[str], rows: list[Row], versions: str) -> None:
    """Write the rows into the page, behind its mark; those that it has already stay."""
    text, _, old = page.read_text().partition(_MARK)
    kept = {cells[0]: Row(*cells) for cells in map(_cells, old.splitlines()) if cells[0] in order}
    kept |= {row.name: row for row in rows}
    lines = [line(kept[name]) for name in order if name in kept]
    green = sum(row.green for row in kept.values())
    summary = f"{green} of {len(lines)} rows are green. Measured with {versions}."
    page.write_text("\n".join((text + _MARK, "", summary, "", _HEAD, *lines, "")))


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.strip().strip("|").split("|")]
