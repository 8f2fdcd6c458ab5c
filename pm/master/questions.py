"""What workers ask of the master. Their messages are hostile input: checked, never trusted."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from ..errors import PmError
from ..worker import parcel
from ..worker.link import received_fds
from .loop import now
from .reply import answer
from .sockets import portright
from .sockets.lane import MOVED, WAKE
from .sockets.listeners import Address, Listeners, key_of
from .sockets.names import Names, lane_of
from .workers.crew import Crew
from .workers.worker import Worker

_SPACE = socket.CMSG_SPACE(4 * 4)
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
_MOST_INDEXES = 64
_INTERNET = (int(socket.AF_INET), int(socket.AF_INET6))
"""What the master binds; a unix socket's name is the worker's own to bind (`names`)."""


class Bad(PmError):
    """A message that makes no sense."""


Verb = Callable[[Worker, dict[str, Any], bytes, list[int]], None]
"""Takes a message: who sent it, head, body, and fds that are closed afterwards."""


class Questions:
    """Answers the workers of one app."""

    def __init__(self, crew: Crew, listeners: Listeners) -> None:
        self._crew = crew
        self._listeners = listeners
        self.on_hang_up: Callable[[Worker], None] = crew.hung_up
        """Called when nobody is at the other end of a worker's link."""
        self.on_listen: Callable[[Worker, str], None] = lambda _worker, _key: None
        """Called when a worker listens on a key."""
        self.on_bind: Callable[[Worker], None] = lambda _worker: None
        """Called before a worker's socket is bound."""
        self.on_unserved: Callable[[Worker, str], None] = lambda _worker, _key: None
        """Called when a worker has closed a listener that nobody else serves."""
        self.others: dict[str, Verb] = dict(listeners.datagrams.verbs)
        """What else a worker may say, and who takes it."""
        self._names = Names(listeners)
        crew.on_gone = self._forget

    def receive(self, worker: Worker) -> bool:
        """Take one message from a worker's link; False if there is none."""
        assert worker.link is not None
        try:
            raw, extra, _, _ = worker.link.recvmsg(parcel.DATAGRAM, _SPACE, _FLAGS)
        except BlockingIOError:
            return False
        except OSError:
            raw, extra = b"", []
        fds = received_fds(extra)
        try:
            if raw:
                message, body = parcel.unpack(raw, fds)
                other = self.others.get(message["do"])
                if other is not None:
                    other(worker, message, body, fds)
                else:
                    self._handle(worker, message, fds)
            else:
                self.on_hang_up(worker)
        except Exception:
            pass
        finally:
            for fd in fds:
                os.close(fd)
        return bool(raw)

    def _forget(self, worker: Worker) -> None:
        self._names.forget(worker)
        self._listeners.datagrams.forget(worker)

    def _handle(self, worker: Worker, message: dict[str, Any], fds: list[int]) -> None:
        match message["do"]:
            case "bind" | "adopt":
                self._bind(worker, message, fds)
            case "listen":
                self._listen(worker, str(message["key"]), int(message["backlog"]), fds)
            case "whose":
                self._say_whose(worker, fds)
            case "close":
                self._close(worker, str(message["key"]), int(message["pid"]))
            case "shut":
                self._shut(worker, str(message["key"]))
            case "claim" | "keep" | "rename" | "waive" | "spare":
                if message["do"] == "claim":
                    self.on_bind(worker)
                self._names.handle(worker, message, fds)
            case "holds":
                self._say_whether_held(message, fds[0])
            case "handover":
                self._take_over(str(message["key"]), str(message["peer"]), fds)
            case _:
                self._hear_of_itself(worker, message, fds)

    def _hear_of_itself(self, worker: Worker, message: dict[str, Any], fds: list[int]) -> None:
        """Take note of what a worker says of itself."""
        match message["do"]:
            case "ready":
                worker.said_ready = True
                self._crew.lives.judge(worker)
            case "joined":
                worker.joined = True
            case "quiet":
                self._crew.lives.look(worker)
            case "board":
                worker.attach_page(int(message["pid"]), fds[0])
            case "child":
                worker.pages[int(message["pid"])] = worker.pages.pop(int(message["board"]))

    def _bind(self, worker: Worker, message: dict[str, Any], fds: list[int]) -> None:
        """Answer with the worker's end of a lane, and the listener if it is not its own socket."""
        reply, sock = fds
        family, index = int(message["family"]), int(message["index"])
        if family not in _INTERNET:
            raise Bad("family")
        if not 0 <= index < _MOST_INDEXES:
            raise Bad("index")
        address = _address(message["address"])
        key = key_of(family, address, index)
        self.on_bind(worker)
        try:
            portright.check(sock, int(address[1]), worker.generation.spec.ports)
            handoff, new = self._listeners.bind(key, family, address, os.dup(sock))
        except OSError as error:
            number = error.errno or errno.EINVAL
            worker.refused = (str(address[0]), int(address[1]), number)
            return answer(reply, {"errno": number}, [])
        except OverflowError:
            return answer(reply, {"errno": errno.EINVAL}, [])
        lane = lane_of(worker, handoff, int(message["pid"]))
        given = [lane.theirs.fileno()] + ([] if new else [handoff.gate.real_fd()])
        answer(reply, {"errno": 0, "key": key, "shared": lane.shared}, given)

    def _say_whose(self, worker: Worker, fds: list[int]) -> None:
        """Say which listener a channel of the worker belongs to, to a child that was given it.

        Where the listener is shared, the child was given that, and gets the channel besides.
        """
        reply, given = fds
        inode = os.fstat(given).st_ino
        for key, handoff in self._listeners.items():
            lane = handoff.lanes.get(worker.key)
            if lane is None:
                continue
            real, channel = handoff.gate.real_fd(), lane.theirs.fileno()
            if os.fstat(real if lane.shared else channel).st_ino == inode:
                said: dict[str, object] = {
                    "errno": 0, "key": key, "listens": key in worker.listened,
                }  # fmt: skip
                return answer(reply, said, [real, channel] if lane.shared else [real])
        answer(reply, {"errno": errno.ENOENT}, [])

    def _say_whether_held(self, message: dict[str, Any], reply: int) -> None:
        """Say whether an address is that of a listener of the app."""
        key = key_of(int(message["family"]), _address(message["address"]), 0)
        held = self._listeners.get(key) is not None
        answer(reply, {"errno": 0 if held else errno.ENOENT}, [])

    def _listen(self, worker: Worker, key: str, backlog: int, fds: list[int]) -> None:
        handoff = self._listeners.get(key)
        if handoff is None or worker.key not in handoff.lanes:
            return answer(fds[0], {"errno": errno.EINVAL}, [])
        try:
            first = not handoff.gate.backlog
            handoff.open(worker.key, max(1, min(backlog, 1 << 16)))
        except OSError as error:
            return answer(fds[0], {"errno": error.errno or errno.EINVAL}, [])
        answer(fds[0], {"errno": 0}, [])
        if first:
            self._listeners.opened(key)
        known = key in worker.listened
        worker.listened[key] = now()
        if not known:
            self.on_listen(worker, key)
        self._crew.lives.judge(worker)

    def _shut(self, worker: Worker, key: str) -> None:
        handoff = self._listeners.get(key)
        if handoff is not None and worker.key in handoff.lanes:
            handoff.retire(worker.key)
            handoff.lanes[worker.key].send(WAKE)

    def _close(self, worker: Worker, key: str, pid: int) -> None:
        handoff = self._listeners.get(key)
        if handoff is None:
            return
        lane = handoff.lanes.get(worker.key)
        if lane is not None and lane.left_by(pid):
            return
        handoff.withdraw(worker.key)
        if not handoff.gate.backlog and not handoff.lanes:  # never listened: nobody waits there
            self._listeners.close(key)
        elif not handoff.lanes:
            self.on_unserved(worker, key)
        worker.listened.pop(key, None)
        worker.accepted.discard(key)
        self._crew.lives.judge(worker)

    def _take_over(self, key: str, peer: str, fds: list[int]) -> None:
        handoff = self._listeners.get(key)
        if handoff is not None and len(fds) == 1:
            handoff.give((os.dup(fds[0]), MOVED + peer[:90].encode("ascii")))


def _address(given: Any) -> Address:
    host, port, *rest = given
    if not isinstance(host, str) or not isinstance(port, int) or len(rest) > 2:
        raise Bad("address")
    return (host, port, *map(int, rest))
