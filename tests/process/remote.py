"""An app whose workers do what the test tells them, one line at a time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.process.engine import Engine, spec_of
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "remote.py"


class Refused(Exception):
    """What a worker raised, as text."""


class Remote(Engine):
    """A running app of such workers, all of them online."""

    def __init__(self, folder: Path, slots: int, *words: str, **fields: Any) -> None:
        self.folder = folder / "fifos"
        self.folder.mkdir()
        self._counts: Counter[int] = Counter()
        fields = {"min_uptime": 0.1, "kill_timeout": 5.0, "name": "remote", **fields}
        spec = spec_of(APP, self.folder, *words, **fields)
        super().__init__(folder / "home", spec, slots)
        self.online(slots)

    def __enter__(self) -> Remote:
        return self

    def begin(self, pid: int, line: str) -> Path:
        """Have a worker evaluate a line; returns where the result will stand."""
        fifo = self.folder / str(pid)
        until(fifo.exists, f"{pid} is there")
        with fifo.open("w") as lines:
            lines.write(json.dumps(line) + "\n")
        self._counts[pid] += 1
        return self.folder / f"{pid}.{self._counts[pid] - 1}"

    def end(self, file: Path) -> Any:
        """Wait for a result; raises Refused for an exception."""
        until(file.exists, f"a result in {file.name}", 60)
        found = json.loads(file.read_text())
        if "error" in found:
            raise Refused(found["error"])
        return found["result"]

    def ask(self, slot: int, line: str) -> Any:
        """Have the worker of a slot evaluate a line; returns its value, None for a statement."""
        return self.end(self.begin(self.pids()[slot], line))

    def got(self, slot: int, count: int, names: str = "GOT") -> list[Any]:
        """Wait until a worker has got so many messages, and return them."""
        until(lambda: self.ask(slot, f"len({names})") >= count, f"slot {slot} got {count}")
        found: list[Any] = self.ask(slot, names)
        return found
