"""How a worker of `cluster.fork()` leaves: when it is told to, and when its master has died.

The stop signal of such a worker raises SystemExit once the master drains it, so that `finally`
and atexit have their turn; at any other time it ends the process as in any program. A program
that handles the signal itself is not concerned.

There is no template to be the warden: the kernel signals the end of the drain pipe (SIGIO), and
the worker then lets its connections finish and stops itself. No thread is needed for that.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import sys
import time
from _thread import get_ident as _ident  # before gevent puts its own in its place

from . import board, here
from .link import POLL
from .ward import at_work

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any, Callable

_LOOK = 0.02
_FIRST_LOOK = 0.05
"""Seconds in which the app reads what its channels still hold."""


def _nothing() -> None:
    """Stand in for an app that asked for no word at its end."""


class _Orphan:
    """What is known of the master's death."""

    died_at = 0.0
    main_thread = 0
    kill_timeout = 10.0
    signalled = False


on_leave: Callable[[], None] = _nothing
"""Called once, before the worker leaves: the master is told, and so is the app."""


def prepare(kill_timeout: float) -> None:
    """Take the stop signal, and ask for the signal that the master's death sends."""
    _Orphan.kill_timeout = kill_timeout
    _Orphan.main_thread = _ident()
    signal.signal(signal.SIGTERM, _stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # see `spawn_member`
    signal.signal(signal.SIGIO, _drain_pipe_changed)
    # while Python winds up, the signal's own handler is the plain one: it would kill
    atexit.register(signal.signal, signal.SIGIO, signal.SIG_IGN)
    fcntl.fcntl(here.drain_fd, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(here.drain_fd, fcntl.F_GETFL)
    fcntl.fcntl(here.drain_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
    _drain_pipe_changed()  # it may have died before


def is_leaving() -> bool:
    """True once the master drains this worker, or has died."""
    return _Orphan.died_at > 0 or (here.page is not None and here.page[0] != board.SERVE)


def leave() -> None:
    """Say goodbye and end the program; in another thread than the main one, do nothing."""
    if _ident() != _Orphan.main_thread:
        return
    _say_goodbye()
    sys.exit(0)


def _say_goodbye() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as with SIGIO
    on_leave()


def leaves_threads_alone() -> bool:
    """True if a thread blocked in accept() need not be woken: the program ends without it."""
    if not is_leaving() or signal.getsignal(signal.SIGTERM) not in (_stop, signal.SIG_IGN):
        return False
    threading = sys.modules.get("threading")
    return threading is None or threading.current_thread().daemon


def _stop(number: int, frame: Any) -> None:
    """End as the master wishes, or as any program does at SIGTERM."""
    if not is_leaving():
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    elif _is_importing(frame):
        _leave_an_import()
    else:
        leave()


def _is_importing(frame: Any) -> bool:
    while frame is not None and "importlib._bootstrap" not in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None


def _leave_an_import() -> None:
    """End without SystemExit: CPython loses it in `from a import b` where there is no b."""
    _say_goodbye()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # there is none, it is closed, or the signal came in its midst
            pass
    os._exit(0)


def _drain_pipe_changed(*_: Any) -> None:
    poll = POLL()
    poll.register(here.drain_fd, 0)
    if not poll.poll(0) or _Orphan.died_at:  # the drain has begun, that is all
        return
    _Orphan.died_at = time.monotonic()
    if here.page is not None:
        here.page[0] = board.FINISH
    signal.signal(signal.SIGALRM, _look)
    signal.setitimer(signal.ITIMER_REAL, _FIRST_LOOK, _LOOK)


def _look(*_: Any) -> None:
    """Stop once everything accepted is answered; be killed if that takes too long."""
    waited = time.monotonic() - _Orphan.died_at
    works = here.page is not None and at_work(here.page, waited)
    if not _Orphan.signalled and (waited >= _Orphan.kill_timeout or not works):
        _Orphan.signalled = True
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it comes once more, and kills
        signal.setitimer(signal.ITIMER_REAL, _Orphan.kill_timeout)
        os.kill(os.getpid(), signal.SIGTERM)
