"""All workers of one app: made here, found by launch and by pid, buried here."""

from __future__ import annotations

import _socket
import itertools
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator

from ...model import AppSpec, Mode, State
from ...worker import board
from .. import process
from ..loop import Loop, now
from ..output.pipes import Logs, Pipes
from ..sockets.listeners import Listeners
from .groups import Groups
from .life import Event, Life, step
from .lives import Lives, Owner
from .restart import Exit
from .worker import Load, Worker

_AT_ONCE = 64
"""Messages of one worker that are taken in one round, if that takes less than `_TURN` seconds."""
_TURN = 0.005
_LAST_WORDS = 1000
"""More messages than a link holds: a worker's forked children may live on, and talk."""


class Crew:
    """All workers of one app, by launch and by pid."""

    def __init__(self, loop: Loop, listeners: Listeners, logs: Logs | None, owner: Owner) -> None:
        self.groups = Groups(loop, owner.settle_soon)
        self.lives = Lives(loop, listeners, owner)
        self._loop = loop
        self._listeners = listeners
        self._logs = logs
        """Who reads what workers print; None: they print where the master does."""
        self._owner = owner
        self._launches = itertools.count(1)
        self._by_launch: dict[int, Worker] = {}
        self._by_pid: dict[int, Worker] = {}
        self._unclaimed: dict[int, Exit] = {}
        """Exits of workers whose pid the template has not told us yet."""
        self._early: deque[int] = deque(maxlen=_AT_ONCE)
        """Processes that said that they are ready before we knew whose they are."""
        self.on_message: Callable[[Worker], bool] = lambda _: False
        """Takes one message from a worker's link; False if there is none."""
        self.on_gone: Callable[[Worker], None] = lambda _: None
        """Called when a worker has ended, before anybody else is told."""
        self.notify: Callable[[bool], str] = lambda _strangers: ""
        """Where apps say that they are ready, the way of systemd; those of another user too."""

    def __iter__(self) -> Iterator[Worker]:
        return iter(list(self._by_launch.values()))

    def by_launch(self, launch: object) -> Worker | None:
        """Return a living worker."""
        return self._by_launch.get(launch) if isinstance(launch, int) else None

    def by_process(self, pid: int) -> Worker | None:
        """Return the worker that a process is, or whose process group it is in."""
        return self._by_pid.get(pid) or self._by_pid.get(process.group_of(pid))

    def launch(self, slot: int, generation: Load) -> Worker:
        """Begin a worker in a slot. Raises OSError if it cannot even be tried."""
        spec = generation.spec
        life = Life(drain_limit=spec.kill_timeout, kill_timeout=spec.kill_timeout)
        worker = Worker(next(self._launches), slot, generation, life)
        if spec.exec_mode is Mode.FORK:
            self._exec(worker)
        self._by_launch[worker.launch] = worker
        if spec.exec_mode is Mode.CLUSTER:
            self._fork(worker)
        if worker.ended is None and worker.launch in self._by_launch:
            self.lives.begin(worker)
        return worker

    def _fork(self, worker: Worker) -> None:
        ours, theirs = _socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        page = board.create()
        reader, worker.drain = os.pipe2(os.O_CLOEXEC)
        worker.link = ours
        worker.pages[0] = worker.notices = board.attach(page)
        fds = [theirs.detach(), page, reader]
        if self._logs is not None:
            worker.pipes = Pipes(self._logs, worker.slot, _is_stranger(worker.generation.spec))
            fds += [worker.pipes.out, worker.pipes.error]
        self._loop.watch(ours.fileno(), select.EPOLLIN, lambda _: self._listen_to(worker))
        order: dict[str, object] = {
            "slot": worker.slot,
            "generation": worker.generation.number,
            "environ": environ(worker.generation.spec, worker, self.notify),
        }
        worker.generation.fork(worker.launch, order, fds)

    def _exec(self, worker: Worker) -> None:
        assert self._logs is not None
        spec = worker.generation.spec
        pipes = Pipes(self._logs, worker.slot, _is_stranger(spec))
        try:
            listeners = self._listeners.activation.open(spec.listen, spec.umask)
            variables = environ(spec, worker, self.notify)
            pid = process.spawn_worker(spec, variables, pipes.out, pipes.error, listeners)
        except OSError:
            pipes.abandon()
            raise
        pipes.follow(pid)
        self._claim(worker, pid)

    def forked(self, launch: int, pid: int) -> None:
        """Take note of the pid that the template has made for a launch; 0: it could not."""
        worker = self._by_launch[launch]
        # The app's code runs in the template, which may say anything: our signals are for ours.
        if pid in self._by_pid or not (pid in self._unclaimed or process.is_child(pid)):
            pid = 0
        if not pid:
            if worker.pipes is not None:
                worker.pipes.unread()
            return self._gone(worker, None)
        worker.pages.setdefault(pid, worker.pages.pop(0))  # by os.exec it may have a newer one
        if worker.pipes is not None:
            worker.pipes.read_as(pid)
        self._claim(worker, pid)

    def lost(self, launch: int, ended: Exit | None, reason: str) -> None:
        """Take note that a launch came to nothing, because the template ended."""
        worker = self._by_launch[launch]
        if worker.pipes is not None:
            if worker.link is not None:
                worker.link.shutdown(socket.SHUT_RDWR)  # a spare that has yet to take it ends then
            process.kill_holders(worker.pipes.link)  # made, but not told of
            worker.pipes.unread()
        worker.reason = worker.reason or reason
        self._gone(worker, ended)

    def _claim(self, worker: Worker, pid: int) -> None:
        worker.pid = pid
        worker.cpu = (0.0, now())
        self._by_pid[pid] = worker
        if worker.state is State.STOPPING:
            self.lives.signal(worker)
        if pid in self._unclaimed:
            self.exited(pid, self._unclaimed.pop(pid))
        else:
            self.lives.judge(worker)  # it may have accepted before its pid was known
        for early in [self._early.popleft() for _ in range(len(self._early))]:
            self.said_ready(early)
        self._owner.changed()

    def said_ready(self, pid: int) -> None:
        """Take note that a process of ours says, the way of systemd, that it is ready."""
        worker = self.by_process(pid)
        if worker is not None:
            worker.said_ready = True
            self.lives.judge(worker)
        elif any(not w.pid for w in self._by_launch.values()):
            self._early.append(pid)

    def exited(self, pid: int, ended: Exit) -> bool:
        """Take note of a reaped process; True if it was a worker."""
        worker = self._by_pid.get(pid)
        if worker is None:
            if any(not w.pid for w in self._by_launch.values()):
                self._unclaimed[pid] = ended
            return False
        self._gone(worker, ended)
        return True

    def _listen_to(self, worker: Worker) -> None:
        until = now() + _TURN
        for _ in range(_AT_ONCE):
            if not self.on_message(worker) or now() > until:
                return

    def hung_up(self, worker: Worker) -> None:
        """Stop watching a link: nobody is at its other end."""
        if worker.link is not None:
            self._loop.forget(worker.link.fileno())

    def _gone(self, worker: Worker, ended: Exit | None) -> None:
        worker.ended = ended
        for _ in range(_LAST_WORDS):  # what it has said last: connections that it has given back
            if worker.link is None or not self.on_message(worker):
                break
        self._by_launch.pop(worker.launch, None)
        self._by_pid.pop(worker.pid, None)
        if not any(not w.pid for w in self._by_launch.values()):
            self._unclaimed.clear()
        for handoff in self._listeners:
            handoff.withdraw(worker.key)
        self.on_gone(worker)
        worker.life, _ = step(worker.life, Event.EXITED, now())
        worker.close()
        if worker.link is not None:
            self._loop.forget(worker.link.fileno())
            worker.link.close()
        if worker.drain >= 0:
            os.close(worker.drain)
        if worker.pid:
            self.groups.add(worker.pid, worker.generation.spec.kill_timeout)
        self._owner.on_gone(worker)


def _is_stranger(spec: AppSpec) -> bool:
    """True if an app may run as another user than this process."""
    return bool(spec.user or spec.group)


def environ(spec: AppSpec, worker: Worker, notify: Callable[[bool], str]) -> dict[str, str]:
    """Return the variables that a worker finds besides the app's own."""
    added = {
        "PM_APP": spec.name,
        "PM_SLOT": str(worker.slot),
        "PM_GENERATION": str(worker.generation.number),
    }
    if spec.wait_ready:
        added["NOTIFY_SOCKET"] = notify(_is_stranger(spec))
    if spec.increment_var:
        first = int(spec.env.get(spec.increment_var, "0"))
        added[spec.increment_var] = str(first + worker.slot)
    if spec.instance_var:
        added[spec.instance_var] = str(worker.slot)
    return added
