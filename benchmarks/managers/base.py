"""What the benchmarks ask of a process manager."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from ..bench import Bench


@dataclass(frozen=True)
class Program:
    """Something to run: a Python file (or a command) with arguments, in some copies."""

    name: str
    script: str
    args: tuple[str, ...] = ()
    copies: int = 1
    python: bool = True

    def argv(self, python: str) -> list[str]:
        """Return the command line."""
        return [python, self.script, *self.args] if self.python else [self.script, *self.args]


class Manager(ABC):
    """A daemon in a folder of its own, from `with` to its end."""

    label: ClassVar[str]
    needs: ClassVar[str] = ""
    """What has to be installed (`Bench.has`)."""

    def __init__(self, bench: Bench, *programs: Program) -> None:
        self.bench = bench
        self.programs = programs
        self.folder = bench.new_folder(self.label.lower())

    def __enter__(self) -> Manager:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.down()

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""

    @abstractmethod
    def up(self) -> None:
        """Start the daemon and wait until it answers; no program runs yet."""

    @abstractmethod
    def start_command(self) -> list[str]:
        """Return the command that starts all programs."""

    @abstractmethod
    def list_command(self) -> list[str]:
        """Return the command that shows all processes."""

    @abstractmethod
    def stop(self) -> None:
        """Stop all programs, so that they can be started again."""

    @abstractmethod
    def pids(self) -> dict[str, list[int]]:
        """Return its own processes, the programs' not included, by what they are."""

    @abstractmethod
    def log(self, program: str) -> Path:
        """Return the file of a program's standard output."""

    @abstractmethod
    def down(self) -> None:
        """Stop everything."""

    def all_pids(self) -> list[int]:
        """Return all its own processes."""
        return [pid for pids in self.pids().values() for pid in pids]
