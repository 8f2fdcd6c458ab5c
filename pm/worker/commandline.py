"""How python reads its command line: options first, then what to run (python(1))."""

from __future__ import annotations

_WITH_VALUE = "WX"
_ENDS = "mc"


class Line:
    """What follows the interpreter in a command line."""

    def __init__(self, options: list[str], words: list[str]) -> None:
        self.options = options
        self.program = words
        """What to run, with its arguments: `script ...`, `-m module ...` or `-c code ...`."""

    @property
    def target(self) -> str:
        """What is run: `script`, `module` or `code`."""
        return {"-m": "module", "-c": "code"}.get(self.program[0], "script")

    @property
    def script(self) -> str:
        """The script's path, the module's name or the code."""
        return self.program[0 if self.target == "script" else 1]

    @property
    def args(self) -> list[str]:
        """The program's own arguments."""
        return self.program[1 if self.target == "script" else 2 :]


def read(words: list[str]) -> Line | None:
    """Take the words after the interpreter apart; None if they name nothing to run."""
    at = 0
    while at < len(words):
        word = words[at]
        if not word.startswith("-"):
            return Line(words[:at], words[at:])
        if word == "-":  # a program from the standard input
            return None
        taken = _value_at(word)
        if taken and word[taken - 1] in _ENDS:
            return _ended(words, at, taken)
        at += 2 if taken == len(word) or word == "--check-hash-based-pycs" else 1
    return None


def _value_at(word: str) -> int:
    """Return where the value of a word's last option begins; 0 if none takes one."""
    if word.startswith("--"):
        return 0
    found = (at for at, letter in enumerate(word) if letter in _WITH_VALUE + _ENDS)
    return next(found, -1) + 1


def _ended(words: list[str], at: int, taken: int) -> Line | None:
    """Return the line whose options end with -m or -c within words[at]."""
    word, rest = words[at], words[at + 1 :]
    options = words[:at] + ([word[: taken - 1]] if taken > 2 else [])
    value = [word[taken:]] if word[taken:] else []
    values = value + rest
    return Line(options, [f"-{word[taken - 1]}", *values]) if values else None
