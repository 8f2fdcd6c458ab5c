"""Puts a master together: bootstrap, loop, logs, app, control socket."""

from __future__ import annotations

import os
import select
import signal
import socket
from typing import Any

from ..codec import from_plain
from ..control import Bootstrap, Status
from ..home import file_name
from ..model import State
from ..record import replace
from ..subreaper import become_subreaper
from . import process
from .app import App
from .commands import Commands
from .daemonlink import DaemonLink
from .loop import Loop, Timer, now
from .messages.forwarding import Forwarding
from .messages.mail import Mail
from .messages.outbound import Outbound
from .notices import Notices
from .output.logs import LogWriter
from .questions import Questions
from .rolling.respec import log_plan
from .runfile import RunFile
from .sockets import ownports
from .spawn import Spawned, allow_many_files
from .workers.lastwords import LastWords
from .workers.notify import Notify

_LOG_PATIENCE = 2.0
_REPORT_DELAY = 0.02
"""Seconds in which changes are gathered: a report must not come before a crash's replacement."""


def main(plain: dict[str, Any], fds: list[int], template: Spawned | None) -> int:
    """Run until stopped; returns the exit code.

    `plain` is the bootstrap, `fds` the control socket and the kept listeners, `template` the
    first generation's if it has been started already.
    """
    boot = from_plain(Bootstrap, plain, "bootstrap")
    os.umask(0o077)
    become_subreaper()
    allow_many_files()
    master = Master(boot, fds[0], fds[1:])
    if template is not None:
        master.take(template)
    master.run()
    return 0


class Master:
    """The parts, and what connects them."""

    def __init__(self, boot: Bootstrap, control: int, kept: list[int]) -> None:
        self._boot = boot
        spec = boot.spec
        self._loop = Loop()
        self._logs = LogWriter(log_plan(boot.home, spec))
        words = LastWords(self._loop, self._logs)
        self._app = app = App(self._loop, words, spec, boot.generation)
        app.known_to_listen = boot.known_to_listen
        for key, fd in zip(boot.listener_keys, kept, strict=False):
            os.set_inheritable(fd, False)
            sock = socket.socket(fileno=fd)
            app.listeners.inherit(key, sock)
        questions = Questions(app.crew, app.listeners)
        app.crew.on_message = questions.receive
        self._notices = Notices(app.crew, lambda: max(app.wanted, default=-1) + 1)
        mail = Mail(self._loop, app.crew)
        outbound = Outbound(app.news, app.slots)
        mail.post.on_message = outbound.take
        forwarding = Forwarding(self._loop, outbound.spend)
        questions.others.update(mail.verbs, **forwarding.verbs, server=app.news.server)
        self._commands = Commands(app, self, mail.shell)
        os.set_inheritable(control, False)
        listening = socket.socket(fileno=control)
        listening.listen(16)  # again: SO_PEERCRED shows whoever listened last
        self._link = DaemonLink(
            self._loop, listening, boot.nonce,
            self._commands.handle, self._greeting, app.listeners.kept,
        )  # fmt: skip
        app.news.publish = self._link.happened
        forwarding.ask = self._link.forward
        self._link.on_forwarded, self._link.on_cut = forwarding.done, forwarding.cut
        name = os.path.join(boot.home, "run", f"{file_name(spec.name)}.notify")
        self._notify = Notify(self._loop, name, app.crew.said_ready)
        app.crew.notify = self._notify.address_for
        app.listeners.on_traffic = self._count
        self._counting: Timer | None = None
        self._reporting: Timer | None = None
        app.listeners.on_change = self._link.keep
        self._troubles: tuple[str, ...] = ()
        self._loop.watch(self._logs.troubled_fd, select.EPOLLIN, self._on_troubles)
        path = os.path.join(boot.home, "run", f"{file_name(spec.name)}.json")
        self._run_file = RunFile(path, spec.name, boot.nonce)

    def take(self, template: Spawned) -> None:
        """Let the first generation have the template that was started for it."""
        self._app.generations.begin(self._app.generations.current, template)

    def run(self) -> None:
        """Serve until a stop."""
        loop, app = self._loop, self._app
        loop.on_signal(signal.SIGCHLD, self._reap)
        loop.on_signal(signal.SIGUSR2, self._commands.reload)
        loop.on_signal(signal.SIGTERM, lambda: self._commands.stop(lambda _error, _text: None))
        for number in (signal.SIGHUP, signal.SIGINT):
            loop.on_signal(number, lambda: None)
        loop.after_each.append(self._report_soon)
        app.wanted = set(self._boot.slots)
        app.home = self._boot.home
        # a program that ends at once shall not do so before the daemon's first command is heard
        delay = 0.0 if app.generations.current.clustered else 0.02
        loop.call_at(now() + delay, app.fill)
        self._reap()  # what ended before the handler was there
        self.report()
        loop.run()
        app.generations.close()
        self._logs.close(_LOG_PATIENCE)
        self._notify.close()
        self.report()
        self._link.flush()

    def flush_logs(self) -> None:
        """Empty the log files."""
        self._logs.flush_files()

    def leave(self) -> None:
        """End once this round of events is over."""
        self._loop.stop()

    def _reap(self) -> None:
        reaped = process.reap()
        for pid, ended in reaped:
            if not self._app.crew.exited(pid, ended):
                template = self._app.generations.exited(pid)
                self._app.words.reaped(pid, ended, template)
        if reaped:
            self._app.crew.groups.look()

    def _report_soon(self) -> None:
        if not self._app.news.dirty:
            return
        self._notices.post()
        if self._reporting is None:
            self._reporting = self._loop.call_at(now() + _REPORT_DELAY, self.report)

    def report(self) -> None:
        """Tell the daemon and the run file what has changed."""
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
        if not self._app.news.dirty:
            return
        status = self._greeting() if self._app.news.respecified else self._status()
        self._app.news.dirty = self._app.news.respecified = False
        self._notices.post()
        workers = sorted(worker.pid for worker in self._app.crew if worker.pid)
        self._run_file.write(workers, self._app.generations.templates())
        self._link.status(status)

    def _count(self) -> None:
        """Let the counts of connections be told within a second of their change."""
        if self._counting is None:
            self._counting = self._loop.call_at(now() + 1.0, self._recount)

    def _recount(self) -> None:
        self._counting = None
        self._app.changed()

    def _on_troubles(self, _: int) -> None:
        """Show what is wrong with the log files; within a second, for it may come and go."""
        self._troubles = tuple(self._logs.take_troubles())
        self._app.news.trouble(self._troubles)
        self._count()

    def _greeting(self) -> Status:
        """Say everything to a daemon that may know nothing of this app."""
        return replace(self._status(), spec=self._app.spec)

    def _status(self) -> Status:
        app = self._app
        workers = []
        for number in sorted(app.slots):
            slot = app.slots[number]
            if slot.workers or number in app.wanted or slot.state is State.ERRORED:
                got = sum(h.given.get(w.key, 0) for h in app.listeners for w in slot.workers)
                workers.append(slot.view(got))
        return Status(
            os.getpid(), self._boot.nonce, app.generations.current.number, tuple(workers),
            (*app.listeners.views(), *ownports.shown(app.crew)),
            (*app.news.notes, *self._troubles), app.known_to_listen,
        )  # fmt: skip
