"""Put the daemon together, run it, and take it apart in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pm
from pm.api import Describe, Envelope, List, Request
from pm.errors import Failed, PmError, UsageError
from pm.home import default_home, open_home
from pm.subreaper import become_subreaper

from . import lock
from .adoption import adopt_all
from .logfile import OwnLog
from .masters.launch import Place
from .masters.process import reap
from .masters.spawner import Spawner, master_command
from .ordering.turns import Ticket
from .ready import Ready
from .records.store import Store
from .requests.handlers import HANDLERS
from .requests.server import Server
from .supervisor import Supervisor

_log = logging.getLogger("daemon")


_HELP = """\
Usage: pmd

Run the daemon of $PM_HOME (default ~/.pm) in the foreground, for systemd and its kin; `pm start`
starts one in the background by itself. SIGTERM ends the daemon; the apps go on, and the next
daemon finds them.

Options:
  -h, --help  Show this and exit.
"""


def main() -> int:
    """Run the daemon of PM_HOME; returns the exit code."""
    if sys.argv[1:]:
        return _explain(sys.argv[1:])
    os.umask(0o077)
    ready = Ready(os.environ.pop("PM_READY_FD", None))
    try:
        return _run(default_home(), ready)
    except PmError as error:
        ready.failed(error)
        _print(error)
        return error.exit_code


def _explain(words: list[str]) -> int:
    """Answer to words: there is nothing to be said to a daemon but to ask for help."""
    if any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    error = UsageError(f"pmd takes no argument `{words[0]}`", "`pmd --help` says what it does")
    _print(error)
    return error.exit_code


def _print(error: PmError) -> None:
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def _run(home: str, ready: Ready) -> int:
    home_fd = open_home(home)
    try:
        held = lock.take(home_fd)
        if held is None:
            print(f"a daemon serves {home} already", file=sys.stderr)
            ready.ok(other=True)
            return 0
        with open(held), _logging(os.path.join(home, "pm.log")) as log_fd:
            _log.info("pm %s, pid %d, starts in %s", pm.__version__, os.getpid(), home)
            become_subreaper()
            spawner = Spawner(master_command(), dict(os.environ), log_fd)
            asyncio.run(_serve(Place(home, home_fd, spawner), ready))
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "see that the disk has space and the folder is yours; pm.log may say more"
        raise Failed(f"the daemon cannot run in {home}: {reason}", hint) from None
    finally:
        os.close(home_fd)
    return 0


async def _serve(place: Place, ready: Ready) -> None:
    """Listen, find the masters, answer; the sockets are closed before the lock is let go."""
    store = Store(os.path.join(place.home, "state.db"))
    server = Server(place.home_fd)
    try:
        daemon = Supervisor(store, place, server.publish)
        _take_signals(daemon)
        ready.ok()
        place.spawner.warm_up()
        print(f"pm {pm.__version__} listens in {place.home}", flush=True)
        await _answer_until_closing(daemon, server)
    finally:
        await server.close()
        place.spawner.close()
        store.close()
    _log.info("ended")


async def _answer_until_closing(daemon: Supervisor, server: Server) -> None:
    adoption = asyncio.ensure_future(adopt_all(daemon))

    async def answer(envelope: Envelope, request: Request[Any]) -> object:
        if envelope.name != "ping":
            await asyncio.shield(adoption)
            _log_request(request)
        ticket = Ticket(envelope.name, envelope.id)
        return await HANDLERS[type(request)](daemon, request, ticket)

    serving = asyncio.ensure_future(server.serve(answer))
    closing = asyncio.ensure_future(daemon.closing.wait())
    done, _ = await asyncio.wait((adoption, closing), return_when=asyncio.FIRST_COMPLETED)
    if adoption in done:
        adoption.result()
    done, _ = await asyncio.wait((serving, closing), return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    daemon.leave()
    if serving in done:
        serving.result()


def _log_request(request: Request[Any]) -> None:
    """Log what changes something, without specs and environments: they hold secrets."""
    if not isinstance(request, (List, Describe)):
        chosen = getattr(request, "selectors", ()) or [
            s.name for s in getattr(request, "specs", ())
        ]
        _log.info("asked: %s", " ".join([request.name, *chosen]))


def _take_signals(daemon: Supervisor) -> None:
    """End on SIGTERM and its kin, and leave the masters running: the way to a new version."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, reap)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, daemon.closing.set)


@contextlib.contextmanager
def _logging(path: str) -> Iterator[int]:
    try:
        own = OwnLog(path)
    except OSError as error:
        hint = "see that the disk has space"
        raise Failed(f"cannot write {path}: {error.strerror}", hint) from None
    root = logging.getLogger()
    root.addHandler(own)
    root.setLevel(logging.INFO)
    try:
        yield own.fd
    except PmError as error:
        _log.error("%s", error.message)
        raise
    except Exception:
        _log.exception("internal error")
        raise
    finally:
        root.removeHandler(own)
        own.close()
