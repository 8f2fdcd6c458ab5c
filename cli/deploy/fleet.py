"""All hosts of a deployment: the same work on each, so many at a time, and what came of it."""

from __future__ import annotations

import concurrent.futures as futures
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from pm.errors import PmError

from .model import Deployment
from .plan import Step
from .session import Session

T = TypeVar("T")


class Show(Protocol):
    """Who shows what happens; called by several threads."""

    def step(self, host: str, title: str) -> None:
        """Say what a host is doing now."""

    def line(self, host: str, text: str) -> None:
        """Say what its commands print."""


class Broken(Exception):
    """The work has failed on some hosts; the others have done it or were not begun."""

    def __init__(self, errors: dict[str, PmError]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


class Host:
    """One host at work."""

    def __init__(self, session: Session, show: Show) -> None:
        self.name = session.host
        self.session = session
        self.show = show

    def take(self, *steps: Step) -> list[str]:
        """Take the steps, one after the other, and return what they told."""
        told: list[str] = []
        for step in steps:
            if step.shown:
                self.show.step(self.name, step.title)
            told += self.session.run(step, lambda line: self.show.line(self.name, line))
        return told


class Fleet:
    """The hosts, in the order of the file."""

    def __init__(self, hosts: Sequence[Host], parallel: int) -> None:
        self.hosts = tuple(hosts)
        self._parallel = parallel

    def each(self, work: Callable[[Host], T], hosts: Sequence[Host] | None = None) -> dict[str, T]:
        """Do the work on all hosts; once it has failed on one, it is begun on no other.

        Returns what it gave, by host. Raises Broken.
        """
        done, errors = self._work(work, self.hosts if hosts is None else hosts, stop=True)
        if errors:
            raise Broken(errors)
        return done

    def ask(self, work: Callable[[Host], T]) -> tuple[dict[str, T], dict[str, PmError]]:
        """Do harmless work on all hosts; return what it gave and the errors, by host."""
        return self._work(work, self.hosts, stop=False)

    def _work(
        self, work: Callable[[Host], T], hosts: Sequence[Host], stop: bool
    ) -> tuple[dict[str, T], dict[str, PmError]]:
        todo = list(hosts)
        done: dict[str, T] = {}
        errors: dict[str, PmError] = {}
        running: dict[futures.Future[T], Host] = {}
        with futures.ThreadPoolExecutor(self._parallel) as pool:
            while running or (todo and not (errors and stop)):
                while todo and not (errors and stop) and len(running) < self._parallel:
                    host = todo.pop(0)
                    running[pool.submit(work, host)] = host
                for future in self._first(running):
                    host = running.pop(future)
                    try:
                        done[host.name] = future.result()
                    except PmError as error:
                        errors[host.name] = error
        return _in_order(done, hosts), _in_order(errors, hosts)

    def _first(self, running: dict[futures.Future[T], Host]) -> set[futures.Future[T]]:
        """Wait for the first that ends; an interrupt ends all sessions."""
        try:
            return futures.wait(running, return_when=futures.FIRST_COMPLETED).done
        except KeyboardInterrupt:
            for host in self.hosts:
                host.session.hang_up()
            raise


def _in_order(found: dict[str, T], hosts: Sequence[Host]) -> dict[str, T]:
    return {host.name: found[host.name] for host in hosts if host.name in found}


@contextmanager
def fleet(deployment: Deployment, show: Show) -> Iterator[Fleet]:
    """Give the hosts of a deployment, not connected yet; their sessions end with the block."""
    sessions = [Session(h, deployment.access, deployment.path) for h in deployment.hosts]
    hosts = Fleet([Host(session, show) for session in sessions], deployment.parallel)
    try:
        yield hosts
    finally:
        for session in sessions:
            session.close()
