"""The loads of an app's code: numbered, started when needed, ended when nobody needs them."""

from __future__ import annotations

from collections.abc import Iterable

from ...model import AppSpec
from ..loop import Loop
from ..output.pipes import Logs
from ..spawn import Spawned
from ..workers.worker import Load
from .generation import Generation, Owner


class Generations:
    """The generations of one app."""

    def __init__(self, loop: Loop, logs: Logs, owner: Owner, spec: AppSpec, number: int) -> None:
        self._loop = loop
        self._logs = logs
        self._owner = owner
        self._last = number - 1
        self._started: list[Generation] = []
        """Those with a template that has not ended, as far as is known."""
        self.current = self.new(spec)
        """What new slots are filled from."""

    def new(self, spec: AppSpec) -> Generation:
        """Number a new load of the code; `begin` starts it."""
        self._last += 1
        return Generation(self._loop, self._logs, self._owner, spec, self._last)

    def begin(self, generation: Generation, spawned: Spawned | None = None) -> None:
        """Start a generation's template where it has none that lives. Raises OSError."""
        if generation.clustered and not generation.alive:
            generation.start(spawned)
            self._started = [g for g in self._started if g.alive] + [generation]

    def templates(self) -> list[int]:
        """Return the pids of the templates that live, as far as is known."""
        return sorted(generation.pid for generation in self._started if generation.alive)

    def exited(self, pid: int) -> bool:
        """Take note of a reaped process; True if it was a template that nobody has ended."""
        for generation in self._started:
            if generation.pid == pid and generation.alive:
                generation.alive = False
                return True
        return False

    def sweep(self, used: Iterable[Load]) -> None:
        """End the templates that are not in use."""
        keep = {*used, self.current}
        for generation in self._started:
            if generation not in keep:
                generation.close()

    def close(self) -> None:
        """End all templates."""
        for generation in self._started:
            generation.close()
