"""Draw a table in box characters. Pure; a cell is a text and the name of its colour.

rich draws finer ones, and takes 60 ms and more for `pm list` with 100 workers.
"""

from __future__ import annotations

from collections.abc import Sequence

from .text import shorten, width

Cell = tuple[str, str]

_COLOURS = {
    "": "", "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
    "cyan": "36",
}  # fmt: skip


def paint(text: str, colour: str, on: bool) -> str:
    """Wrap the text in the colour's escape codes, if colours are on."""
    code = _COLOURS[colour]
    return f"\x1b[{code}m{text}\x1b[0m" if on and code else text


def table_width(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """Return how many columns of the terminal the table takes."""
    return sum(_widths(head, rows)) + 3 * len(head) + 1


def draw(head: Sequence[str], rows: Sequence[Sequence[Cell]], colour: bool) -> str:
    """Return the table, its lines joined; the head is bold."""
    widths = _widths(head, rows)
    cells = [[(title, "bold") for title in head], *rows]
    lines = [
        "│" + "│".join(
            f" {paint(text, style, colour)}{' ' * (size - width(text))} "
            for (text, style), size in zip(row, widths, strict=True)
        ) + "│"
        for row in cells
    ]  # fmt: skip
    if rows:
        lines.insert(1, _rule("├┼┤", widths))
    return "\n".join([_rule("┌┬┐", widths), *lines, _rule("└┴┘", widths)])


def squeeze(rows: Sequence[Sequence[Cell]], column: int, columns: int) -> list[list[Cell]]:
    """Cut one column of all rows to that width."""
    return [
        [(shorten(t, columns), c) if i == column else (t, c) for i, (t, c) in enumerate(row)]
        for row in rows
    ]


def _widths(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [
        max(width(title), *(width(row[i][0]) for row in rows)) if rows else width(title)
        for i, title in enumerate(head)
    ]


def _rule(corners: str, widths: Sequence[int]) -> str:
    return corners[0] + corners[1].join("─" * (size + 2) for size in widths) + corners[2]
