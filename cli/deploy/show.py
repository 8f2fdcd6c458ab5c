"""Show what the hosts do, on stderr: at the foot of a terminal, or as plain lines."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.text import clean

from .fleet import Show

if TYPE_CHECKING:
    from rich.live import Live


class Lines:
    """Plain lines, each with its host."""

    def step(self, host: str, title: str) -> None:
        """Print that a step begins."""
        print(f"{host}: {clean(title)} …", file=sys.stderr, flush=True)

    def line(self, host: str, text: str) -> None:
        """Print a line of output."""
        print(f"{host} | {clean(text)}", file=sys.stderr, flush=True)


class Output:
    """Only what the commands print, on stdout."""

    def __init__(self, named: bool) -> None:
        self._named = named

    def step(self, host: str, title: str) -> None:
        """Show nothing."""

    def line(self, host: str, text: str) -> None:
        """Print a line of output, with its host if there are several."""
        print(f"{host} | {clean(text)}" if self._named else clean(text), flush=True)


class Foot:
    """Output scrolls by; below stands each host with the step that it is at."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._steps: dict[str, str] = {}
        self._lock = threading.Lock()

    def step(self, host: str, title: str) -> None:
        """Put the step at the foot."""
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            self._steps[host] = clean(title)
            grid = Table.grid(padding=(0, 1))
            for name, doing in self._steps.items():
                grid.add_row(Spinner("dots"), Text(name, "bold"), Text(doing, no_wrap=True))
            self._live.update(grid)
            self._live.start()  # not before: ssh may ask for a password first

    def line(self, host: str, text: str) -> None:
        """Print a line of output above the foot."""
        from rich.text import Text

        self._live.console.print(Text.assemble((f"{host} | ", "dim"), clean(text)))


@contextmanager
def shown() -> Iterator[Show]:
    """Give what shows the work of the block."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(stderr=True), transient=True)
    try:
        yield Foot(live)
    finally:
        live.stop()
