"""The template: a warm, single-threaded process that forks workers and does nothing else.

It reads the app's code once: a generation is one template. It forks twice, so that the worker's
parent is the master (a child subreaper). It is also the warden: when the master dies, it gives
its workers the stop protocol (`ward`).
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import os
import select
import socket
import sys

from . import board, forks, here, patches, program, spare, ward
from .link import RAW, park, received_fds, release
from .sockets import listening

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any

_FLAGS = socket.MSG_CMSG_CLOEXEC
_IDLE = 100
"""Milliseconds without an order after which a spare is forked: a worker's start goes first."""


def serve(fd: int) -> program.Job:
    """Serve the master until it is gone; returns in each forked worker, with its job."""
    channel = RAW(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, park(fd))
    raw = channel.recv(spare.LARGEST)
    template = Template(channel, json.loads(raw))
    _end_with(channel, True)
    template.prepare()
    _end_with(channel, False)
    template.say_ready()
    return template.loop()


def _end_with(channel: RAW, wanted: bool) -> None:
    """Have SIGIO end this process at the channel's end of file: an import may hang for ever."""
    flags = fcntl.fcntl(channel, fcntl.F_GETFL)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, flags | os.O_ASYNC if wanted else flags & ~os.O_ASYNC)
    poll = select.poll()
    poll.register(channel, 0)
    if wanted and poll.poll(0):  # it has ended before that, which no signal tells
        raise SystemExit


class Template:
    """What the template knows: the app, its code, its living workers."""

    def __init__(self, channel: RAW, app: dict[str, Any]) -> None:
        self.channel = channel
        self.app = app
        self.code: Any = None
        self.culprit = ""
        """The module of the preload that started threads."""
        self.workers: dict[int, ward.Ward] = {}
        """The living workers, by pidfd."""
        self.wants_spare = bool(app["preload"])
        """It is worth its memory where much is imported."""
        self.spare: spare.Spare | None = None

    def prepare(self) -> None:
        """Patch, set sys.path, preload, compile."""
        app = self.app
        patches.install(app["exclusive_ports"])
        program.add_first_path(app["target"], app["script"])
        self.culprit = preload(app["preload"]) if app["preload"] else ""
        if app["target"] == "script" and not program.is_package(app["script"]):
            self.code = program.compiled(app["script"])

    def say_ready(self) -> None:
        """Tell the master that it can order workers."""
        self._tell({"do": "template", "threads": self.culprit})

    def _tell(self, message: dict[str, object]) -> None:
        try:
            self.channel.send(json.dumps(message).encode())
        except OSError:  # the master has died: end of file follows, and the warden's work
            pass

    def loop(self) -> program.Job:
        """Fork on demand; returns in the child only."""
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        while True:
            idle = _IDLE if self.wants_spare and self.spare is None else None
            ready = poll.poll(idle)
            job = None if ready else self._stock()
            for fd, _ in ready:
                if fd == self.channel.fileno():
                    job = self._receive(poll)
                    break  # what else is ready is still so in the next round
                poll.unregister(fd)
                self.workers.pop(fd).page.close()
                release(fd)
            if job is not None:
                return job

    def _receive(self, poll: Any) -> program.Job | None:
        """Take an order of the master, or its end."""
        try:
            raw, ancillary, _, _ = self.channel.recvmsg(spare.LARGEST, spare.SPACE, _FLAGS)
        except ConnectionResetError:  # it has died before it had read what we told it
            raw, ancillary = b"", []
        if not raw:
            ward.stop(self.workers, self.app["stop_signal"], self.app["kill_timeout"])
        return self._serve(raw, received_fds(ancillary), poll)

    def _stock(self) -> program.Job | None:
        """Fork a spare; returns in it only, when it has its order."""
        made = spare.fork_spare(self._leave)
        if isinstance(made, tuple):
            return self._become_worker(*made)
        self.spare = made
        self.wants_spare = made is not None
        return None

    def _serve(self, order: bytes, fds: list[int], poll: Any) -> program.Job | None:
        """Make the spare or a new fork a worker; None in the template."""
        ready, self.spare = self.spare, None
        if ready is not None and ready.give(order, fds):
            pid = ready.pid
        else:
            pid = spare.fork_away()
            if pid == 0:
                self._leave()
                return self._become_worker(order, fds)
        if pid > 0:
            self._guard(pid, fds[1], poll)
        for fd in fds:
            os.close(fd)
        self._tell({"do": "forked", "id": json.loads(order)["id"], "pid": max(pid, 0)})
        return None

    def _guard(self, pid: int, page: int, poll: Any) -> None:
        try:
            pidfd = park(os.pidfd_open(pid))
        except OSError:  # dead already
            return
        self.workers[pidfd] = ward.Ward(pid, board.attach(page))
        poll.register(pidfd, select.POLLIN)

    def _leave(self) -> None:
        """In a fresh fork, leave no trace of the template: own group, none of its fds."""
        os.setpgid(0, 0)
        self.channel.close()
        for pidfd in self.workers:
            release(pidfd)
        forks.Forks().follow()
        atexit.register(listening.leave)  # first in, last out
        _reseed()
        gc.enable()

    def _become_worker(self, raw: bytes, fds: list[int]) -> program.Job:
        """Take over what an order brings: the line to the master, board, drain signal, pipes."""
        order = json.loads(raw)
        link, page, drain, out, error = fds
        os.dup2(out, 1)
        os.dup2(error, 2)
        os.close(out)
        os.close(error)
        here.become_worker(link, page, drain)
        here.slot, here.generation, here.app = order["slot"], order["generation"], self.app["name"]
        here.launch = order["id"]
        app = self.app
        if hasattr(sys, "orig_argv"):  # what a program runs to start itself anew
            words = ["-m", app["script"]] if app["target"] == "module" else [app["script"]]
            options = ["-u", *app["interpreter_args"]]
            sys.orig_argv[:] = [sys.orig_argv[0], *options, *words, *app["args"]]
        return program.Job(app["target"], app["script"], app["args"], self.code, order["environ"])


def preload(modules: list[str]) -> str:
    """Import modules before the first fork and freeze what they made.

    Returns the name of a module that started threads: forking is then unsafe. The collector
    is on again in the workers.
    """
    gc.disable()
    culprit = ""
    for name in modules:
        try:
            __import__(name)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise SystemExit(f"cannot preload `{name}`: {reason}") from None
        if _threads() > 1:
            culprit = culprit or name
    __import__("encodings.idna")  # the socket module imports it at the first host name
    gc.collect()
    gc.freeze()
    return culprit


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _reseed() -> None:
    """Give each worker its own random numbers (the stdlib's generator reseeds itself)."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
