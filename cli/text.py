"""Words and figures as PM2's users know them: durations, sizes, widths of text. Pure."""

from __future__ import annotations

import unicodedata

_UNITS = ("b", "kb", "mb", "gb", "tb")


def duration(seconds: float) -> str:
    """Return "28s", "3m", "2h" or "5D"."""
    whole = max(0, int(seconds))
    for unit, size in (("D", 86400), ("h", 3600), ("m", 60)):
        if whole >= 2 * size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(count: int) -> str:
    """Return "0b", "50.3mb": one decimal, PM2's units (1024)."""
    value = float(count)
    unit = 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    return f"{value:.1f}{_UNITS[unit]}" if unit else f"{count}b"


def reason_of(kind: str, slot: int | None, reason: str) -> str:
    """Return an event's reason without what stands before it: its kind and its slot."""
    return reason.removeprefix(f"slot {slot}: ").removeprefix(f"{kind}, ")


def clean(text: str) -> str:
    """Replace control characters, so that what an app said cannot drive the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def width(text: str) -> int:
    """Return the number of columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def shorten(text: str, columns: int) -> str:
    """Cut the text to fit, with an ellipsis for what is missing."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for char in text:
        used += _char_width(char)
        if used > columns - 1:
            break
        kept += char
    return kept + "…"


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
