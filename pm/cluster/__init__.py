"""Node's cluster module, name by name: a program that forks itself into workers.

    from pm import cluster

    if cluster.is_primary:
        for _ in range(4):
            cluster.fork()
        cluster.run()
    else:
        serve()

`cluster` is this module; its class is changed at the end, so that `cluster.workers` is always the
present state, and `async with cluster:` works. No module beside this one may have the name of
something here: once imported, it would take its place.
"""

from __future__ import annotations

import atexit
import os
import sys

from ..worker import here
from .errors import BadSetting as BadSetting
from .errors import ClusterError as ClusterError
from .errors import NotPrimary
from .errors import ReloadFailed as ReloadFailed
from .events import Emitter
from .policy import SCHED_LEAST_CONNECTIONS as SCHED_LEAST_CONNECTIONS
from .policy import SCHED_NONE as SCHED_NONE
from .policy import SCHED_RR as SCHED_RR
from .policy import SCHED_SOURCE_HASH as SCHED_SOURCE_HASH
from .policy import Choice

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..master.loop import Timer
    from .asking import arequest as arequest
    from .asking import request as request
    from .child import OwnWorker
    from .forked import Worker
    from .outcome import Outcome
    from .primary import Primary
    from .shards import shard_of as shard_of
    from .sharing import shared as shared

    workers: dict[int, Worker]
    worker: OwnWorker | None
    settings: dict[str, Any]
    scheduling_policy: int

is_worker = here.member
is_primary = is_master = not is_worker

_events = Emitter()
on, once, off, emit = _events.on, _events.once, _events.off, _events.emit


_LATER = {"request": "asking", "arequest": "asking", "shard_of": "shards", "shared": "sharing"}
"""Names of workers among each other, by the module that is imported when one is used."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = f"{__name__}.{_LATER[name]}"
    __import__(module)
    return getattr(sys.modules[module], name)


class _Own:
    """What this process has made of itself."""

    primary: Primary | None = None
    worker: OwnWorker | None = None
    policy = Choice()
    known = False
    """This module is told of forks and of the program's end."""


def _primary() -> Primary:
    if is_worker:
        raise NotPrimary(
            "this process is a worker of a cluster",
            "fork and the like belong under `if cluster.is_primary:`",
        )
    if sys.version_info < (3, 10):
        raise NotPrimary("forking workers needs Python 3.10", "under pm, `-i N` starts them")
    if _Own.primary is None:
        from .primary import Primary

        _check_start()
        _Own.primary = Primary(_events, _Own.policy)
        if not _Own.known:
            _Own.known = True
            os.register_at_fork(after_in_child=_let_go)
            atexit.register(_remark)
    _Own.primary.host.join_asyncio()
    return _Own.primary


def _check_start() -> None:
    """Refuse what would fork without end, as multiprocessing does."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing and getattr(multiprocessing.current_process(), "_inheriting", False):
        raise NotPrimary(
            "this process is a child that multiprocessing has just spawned",
            "put what the primary does under `if __name__ == '__main__':`",
        )


def _let_go() -> None:
    """Know of no workers in a forked child: they are its parent's."""
    if _Own.primary is not None:
        _Own.primary.let_go()
        _Own.primary = None
        _events.clear()


def _remark() -> None:
    """Say what is wrong with a program that ends at once, for it was written for Node."""
    if _Own.primary is not None and _Own.primary.living and not _Own.primary.host.used:
        count = len(_Own.primary.living)
        print(f"pm: the program ends, and so do its {count} workers", file=sys.stderr)
        print("hint: end it with cluster.run(), which serves until they do", file=sys.stderr)


def fork(env: dict[str, Any] | None = None) -> Worker:
    """Start a worker, a fresh run of this program, with more variables; returns it at once.

    Its events come when the loop has its turn: in `run()`, or in the asyncio loop that runs.
    """
    return _primary().fork(env or {})


def setup_primary(**settings: Any) -> None:
    """Change what workers are started with from now on; what is not named stays.

    exec, args, exec_args, cwd, silent, uid, gid; kill_timeout, listen_timeout (seconds),
    wait_ready. Raises BadSetting for anything else.
    """
    _primary().set_up(settings)


setup_master = setup_primary


def disconnect(callback: Callable[[], object] | None = None) -> Outcome[None]:
    """Let all workers finish and end; `callback()` once they are all disconnected."""
    primary = _primary()
    leaving = list(primary.workers.values())
    primary.disconnect_all()
    outcome = primary.when(lambda: not any(worker.connected for worker in leaving))
    if callback is not None:
        outcome.then(callback)  # type: ignore[arg-type]
    return outcome


def call_later(seconds: float, function: Callable[[], object]) -> Timer:
    """Call something after that many seconds, in the master's loop; its `cancel()` prevents it."""
    return _primary().delays.add(seconds, function)


def reload() -> Outcome[list[Worker]]:
    """Replace all workers, one by one, each with a fresh run of the program, without a gap.

    `cluster.reload().result()` serves until that is done and returns the new workers, as does
    `await cluster.reload()`. Raises ReloadFailed, with the reason, if a new one does not become
    ready: then it is removed, and the old ones that are left go on serving.
    """
    return _primary().reloads.ask()


def run() -> None:
    """Serve until no worker is left. Ctrl-C or SIGTERM lets all finish; a second one kills them."""
    from .hosts import stopped_by_signals

    primary = _primary()
    with stopped_by_signals(primary):
        primary.host.turn_until(lambda: primary.is_empty() and not len(primary.outbox))
    primary.rest()


async def serve() -> None:
    """Serve until no worker is left, as `run()` does, in a coroutine.

    Cancelled, it lets all workers finish before it ends.
    """
    from .hosts import stopped_by_signals_in_asyncio

    primary = _primary()
    try:
        with stopped_by_signals_in_asyncio(primary):
            await primary.when(primary.is_empty)
    finally:
        await primary.finish()


class _Cluster(type(sys)):  # type: ignore[misc]
    """The class of this module."""

    async def __aenter__(self) -> _Cluster:
        _primary()
        return self

    async def __aexit__(self, *_: object) -> None:
        await _primary().finish()

    @property
    def workers(self) -> dict[int, Worker]:
        """The workers by id: those that run, and have not been told to end."""
        return {} if _Own.primary is None else _Own.primary.workers

    @property
    def settings(self) -> dict[str, Any]:
        """What is set; empty before the first `setup_primary` or `fork`."""
        return {} if _Own.primary is None else dict(_Own.primary.settings)

    @property
    def Worker(self) -> type:
        """The class of the workers."""
        if is_worker:
            from .child import OwnWorker

            return OwnWorker
        from .forked import Worker

        return Worker

    @property
    def scheduling_policy(self) -> int:
        """Who gets the next connection: SCHED_RR or SCHED_NONE; to be set before the first fork."""
        return _Own.policy.number

    @scheduling_policy.setter
    def scheduling_policy(self, number: int) -> None:
        _Own.policy.set(number)

    @property
    def worker(self) -> OwnWorker | None:
        """This worker; None in the primary."""
        if is_worker and _Own.worker is None:
            from .child import OwnWorker

            _Own.worker = OwnWorker()
        return _Own.worker


sys.modules[__name__].__class__ = _Cluster
