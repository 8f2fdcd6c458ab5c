"""What a measurement is reported as: tables, and verdicts on the budgets."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NOT_INSTALLED = "not installed"


@dataclass
class Table:
    """One table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row; missing cells stay empty."""
        self.rows.append(cells + ("",) * (len(self.columns) - len(cells)))

    def absent(self, label: str) -> None:
        """Say that a peer could not be measured."""
        self.add(label, NOT_INSTALLED)


@dataclass(frozen=True)
class Verdict:
    """A budget beside what was measured."""

    figure: str
    budget: str
    measured: str
    met: bool


@dataclass
class Result:
    """What one topic found."""

    tables: list[Table] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def table(self, title: str, *columns: str) -> Table:
        """Begin a table."""
        self.tables.append(Table(title, columns))
        return self.tables[-1]

    def judge(self, figure: str, budget: str, measured: str, met: bool) -> None:
        """Hold a figure against its budget."""
        self.verdicts.append(Verdict(figure, budget, measured, met))


def spread(values: Sequence[float], digits: int = 0, unit: str = "") -> str:
    """Write values as `median (min-max)`."""
    if not values:
        return "-"
    low, middle, high = min(values), statistics.median(values), max(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}{unit}"
    return f"{middle:.{digits}f}{unit} ({low:.{digits}f}-{high:.{digits}f})"


def median(values: Sequence[float]) -> float:
    """Return the median; nan without values."""
    return statistics.median(values) if values else float("nan")


def counts(values: Iterable[int]) -> str:
    """Write counts per worker as `32/32`, the largest first."""
    return "/".join(str(value) for value in sorted(values, reverse=True))


def markdown(table: Table) -> str:
    """Render a table, with its title as a heading."""
    lines = [f"### {table.title}", ""]
    lines += _grid(table.columns, table.rows)
    for note in table.notes:
        lines += ["", note]
    return "\n".join(lines)


def verdicts_markdown(verdicts: Iterable[Verdict]) -> str:
    """Render the budgets."""
    rows = [(v.figure, v.budget, v.measured, "met" if v.met else "**missed**") for v in verdicts]
    return "\n".join(_grid(("figure", "budget", "measured", "verdict"), rows))


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return lines
