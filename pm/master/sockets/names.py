"""The names of unix listeners: a worker binds, one at a time for each name; the others join.

The worker binds itself, so that umask, owner, working folder and errors are the app's own. It
first *claims* the name. If the app's listener has it already, the claim is answered as a bind.
Else the name is the claimant's until it says `keep` (with the bound socket), `rename` or `waive`,
or ends; who claims the same name meanwhile waits for the answer.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from typing import Any

from ...model import Scheduling
from ..reply import answer
from ..workers.worker import Worker
from .handoff import Handoff
from .lane import Lane
from .listeners import Listeners, key_of

_LONGEST = 512
"""Characters of a path; apps' own are at most 107, unless by way of /proc/self/fd."""
_MOST_WAITING = 1000


class Names:
    """Who may bind which name."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._holders: dict[str, Worker] = {}
        self._waiting: dict[str, deque[tuple[Worker, int, int]]] = {}

    def handle(self, worker: Worker, message: dict[str, Any], fds: list[int]) -> None:
        """Do what a worker asks with a name; raises what a senseless message leads to."""
        key = _key(message["path"])
        match message["do"]:
            case "claim":
                self._claim(worker, key, fds[0], int(message["pid"]))
            case "keep":
                self._keep(worker, key, int(message["pid"]), *fds)
            case "rename":
                self._rename(worker, key, str(message["from"]), fds[0])
            case "waive":
                self._waive(worker, key, message["path"], int(message["errno"]))
            case "spare":
                spared = self._is_named(key) or key in self._holders
                answer(fds[0], {"errno": 0, "spared": spared}, [])

    def _claim(self, worker: Worker, key: str, reply: int, pid: int) -> None:
        if self._holders.get(key, worker) is not worker:
            queue = self._waiting.setdefault(key, deque())
            if len(queue) >= _MOST_WAITING:
                return answer(reply, {"errno": errno.EAGAIN}, [])
            return queue.append((worker, os.dup(reply), pid))
        if not self._is_named(key):
            self._holders[key] = worker
            return answer(reply, {"errno": 0, "key": key}, [])
        handoff = self._listeners.get(key)
        assert handoff is not None
        lane = lane_of(worker, handoff, pid)
        given = [lane.theirs.fileno(), handoff.gate.real_fd()]
        answer(reply, {"errno": 0, "key": key, "shared": lane.shared}, given)

    def _keep(self, worker: Worker, key: str, pid: int, reply: int, sock: int) -> None:
        if self._holders.get(key) is not worker:
            return answer(reply, {"errno": errno.EPERM}, [])
        try:
            handoff = self._take_over(key, os.dup(sock))
        except OSError as error:
            answer(reply, {"errno": error.errno or errno.EINVAL}, [])
        else:
            lane = lane_of(worker, handoff, pid)
            said: dict[str, object] = {"errno": 0, "key": key, "shared": lane.shared}
            answer(reply, said, [lane.theirs.fileno()])
        self._release(key)

    def _take_over(self, key: str, fd: int) -> Handoff:
        """Make a bound socket the listener; one before it has lost its name. Takes `fd`."""
        before = self._listeners.get(key)
        if before is None:
            return self._listeners.bind(key, socket.AF_UNIX, ("", 0), fd)[0]
        sock = socket.socket(fileno=fd)
        sock.setblocking(False)
        before.gate.replace(sock)
        self._listeners.files.note(key, sock)
        self._listeners.on_change()
        return before

    def _is_named(self, key: str) -> bool:
        """True if a unix listener's file is in its place; an abstract name always is."""
        return self._listeners.get(key) is not None and self._listeners.files.is_there(key)

    def _rename(self, worker: Worker, key: str, old: str, reply: int) -> None:
        """Follow a listener to its new name, or give it up for the one that has the name."""
        handoff = self._listeners.get(old)
        if handoff is None or set(handoff.lanes) - {worker.key}:
            return answer(reply, {"errno": errno.EINVAL}, [])
        if self._holders.get(key) is worker:
            self._listeners.rename(old, key)
            for keys in (worker.listened, worker.accepted):
                _rename_in(keys, old, key)
            self._release(key)
        else:
            self._listeners.close(old)
            worker.listened.pop(old, None)
            worker.accepted.discard(old)
        answer(reply, {"errno": 0, "key": key}, [])

    def _waive(self, worker: Worker, key: str, path: str, number: int) -> None:
        if number:
            worker.refused = (path, 0, number)
        if self._holders.get(key) is worker:
            self._release(key)

    def _release(self, key: str) -> None:
        """Let the next claims be answered: all of them, if the name is bound now."""
        del self._holders[key]
        for worker, reply, pid in self._waiting.pop(key, ()):
            self._claim(worker, key, reply, pid)
            os.close(reply)

    def forget(self, worker: Worker) -> None:
        """Take note that a worker has ended."""
        for queue in self._waiting.values():
            for entry in [entry for entry in queue if entry[0] is worker]:
                queue.remove(entry)
                os.close(entry[1])
        for key in [key for key, holder in self._holders.items() if holder is worker]:
            self._release(key)


def lane_of(worker: Worker, handoff: Handoff, pid: int) -> Lane:
    """Return the lane of a worker, made if it is new, for one more process of the worker."""
    shared = worker.generation.spec.scheduling is Scheduling.SHARED
    lane = handoff.lanes.get(worker.key) or handoff.attach(worker.key, shared)
    lane.holders.add(pid)
    return lane


def _rename_in(keys: dict[str, float] | set[str], old: str, new: str) -> None:
    if old not in keys:
        return
    if isinstance(keys, dict):
        keys[new] = keys.pop(old)
    else:
        keys.remove(old)
        keys.add(new)


def _key(path: Any) -> str:
    if not isinstance(path, str) or path[:1] not in ("/", "@") or len(path) > _LONGEST:
        raise ValueError("path")
    return key_of(socket.AF_UNIX, (path, 0), 0)
