"""Shared results: what `@pm.cluster.shared` functions have computed, for all workers of the app.

One of the askers is told to compute; it answers on the very socket that it has asked on. So if it
dies, hangs or gives up, that is seen at once, and the next who waits is told to compute.
"""

from __future__ import annotations

import _socket
import os
import select
import socket
from collections import OrderedDict
from typing import Any

from ...record import dataclass, field
from ...worker import parcel
from ...worker.link import received_fds
from ..loop import Loop, Timer, now
from ..reply import answer
from ..workers.worker import Worker

ROOM = 64 << 20
"""Bytes of results that are kept; the oldest give way."""
MOST = 4096
"""Results that are kept or computed."""
_MOST_ASKING = 1024
_LONGEST = 7 * 86400.0
_LONGEST_KEY = 100
_WORDS = 2000
_SPACE = socket.CMSG_SPACE(4 * 4)
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC


@dataclass(eq=False)
class _Asker:
    """Someone who waits for a result, or computes it."""

    sock: _socket.socket
    launch: int
    patience: float

    def say(self, head: dict[str, object], body: bytes = b"") -> None:
        answer(self.sock.fileno(), head, [], body)


@dataclass(eq=False)
class _Result:
    """One result: there, or being computed."""

    value: bytes = b""
    until: float = 0.0
    computing: _Asker | None = None
    waiting: list[_Asker] = field(default_factory=list)
    timer: Timer | None = None
    """The end of the result, or of the patience with who computes it."""

    def fresh(self) -> bool:
        return bool(self.value) and now() < self.until


class Shared:
    """The shared results of one app."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._results: OrderedDict[str, _Result] = OrderedDict()
        self._bytes = 0
        self._asking: dict[int, int] = {}
        """Sockets held, by the launch of who asks."""
        self.verbs = {"shared": self._ask}
        """What is asked of us on the workers' links."""

    def _ask(self, worker: Worker, message: dict[str, Any], _: bytes, fds: list[int]) -> None:
        key, patience = str(message["key"]), float(message["patience"])
        result = self._results.get(key)
        if result is not None and result.fresh():
            return answer(fds[0], {"left": result.until - now()}, [], result.value)
        crowded = self._asking.get(worker.launch, 0) >= _MOST_ASKING
        if crowded or len(key) > _LONGEST_KEY or not self._has_place(key):
            return answer(fds[0], {"alone": True}, [])
        asker = self._admit(worker, key, patience, fds[0])
        result = self._results.setdefault(key, _Result())
        if result.computing is None:
            self._order(key, result, asker)
        else:
            result.waiting.append(asker)

    def _has_place(self, key: str) -> bool:
        """Make a place for one more result; False if all others are being computed."""
        if key in self._results or len(self._results) < MOST:
            return True
        idle = next((k for k, r in self._results.items() if r.computing is None), None)
        if idle is not None:
            self._drop(idle)
        return idle is not None

    def _admit(self, worker: Worker, key: str, patience: float, reply: int) -> _Asker:
        copy = os.dup(reply)
        try:
            sock = _socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, copy)
            asker = _Asker(sock, worker.launch, patience)
            self._loop.watch(copy, select.EPOLLIN, lambda _: self._hear(key, asker))
        except OSError:  # no socket
            os.close(copy)
            raise
        self._asking[worker.launch] = self._asking.get(worker.launch, 0) + 1
        return asker

    def _order(self, key: str, result: _Result, asker: _Asker) -> None:
        """Tell somebody to compute; not for longer than it has patience with others."""
        result.computing = asker
        if result.timer is not None:
            result.timer.cancel()
        patience = asker.patience if 0 < asker.patience < _LONGEST else _LONGEST
        result.timer = self._loop.call_at(now() + patience, lambda: self._leave(key, asker))
        asker.say({"compute": True})

    def _hear(self, key: str, asker: _Asker) -> None:
        """Take a result from who computes it; whatever else comes is a farewell."""
        try:
            raw, extra, _, _ = asker.sock.recvmsg(parcel.DATAGRAM, _SPACE, _FLAGS)
        except BlockingIOError:
            return
        except OSError:
            raw, extra = b"", []
        fds = received_fds(extra)
        result = self._results[key]
        try:
            head, body = parcel.unpack(raw, fds)
            if result.computing is not asker:
                raise parcel.Unfit("not asked")
            self._take(key, result, head, body)
        except (parcel.Unfit, TypeError, ValueError):
            self._leave(key, asker)
        finally:
            for fd in fds:
                os.close(fd)

    def _take(self, key: str, result: _Result, head: dict[str, Any], body: bytes) -> None:
        """Keep what has been computed, or do not keep that it has failed, and tell who waits."""
        left = min(float(head.get("ttl", 0.0)), _LONGEST)
        said: dict[str, object] = {"left": left}
        if not body:
            said = {"failed": str(head.get("error", "no result"))[:_WORDS]}
        for asker in [*result.waiting, result.computing]:
            assert asker is not None
            if asker is not result.computing:
                asker.say(said, body)
            self._release(asker)
        self._drop(key)
        if body and left > 0:
            self._keep(key, body, left)

    def _keep(self, key: str, value: bytes, left: float) -> None:
        timer = self._loop.call_at(now() + left, lambda: self._expire(key))
        self._results[key] = _Result(value, now() + left, timer=timer)
        self._bytes += len(value)
        for old in [k for k, r in self._results.items() if r.computing is None and k != key]:
            if self._bytes <= ROOM:
                break
            self._drop(old)

    def _expire(self, key: str) -> None:
        if self._results[key].computing is None:
            self._drop(key)

    def _drop(self, key: str) -> None:
        result = self._results.pop(key)
        self._bytes -= len(result.value)
        if result.timer is not None:
            result.timer.cancel()

    def _leave(self, key: str, asker: _Asker) -> None:
        """Let go of an asker; if it was to compute, the next one is."""
        result = self._results[key]
        self._release(asker)
        if result.computing is not asker:
            result.waiting.remove(asker)
        elif result.waiting:
            self._order(key, result, result.waiting.pop(0))
        else:
            self._drop(key)

    def _release(self, asker: _Asker) -> None:
        self._loop.forget(asker.sock.fileno())
        asker.sock.close()
        self._asking[asker.launch] -= 1
        if not self._asking[asker.launch]:
            del self._asking[asker.launch]
