"""Starts processes: fork and exec in C, so that the master's log thread does no harm.

An app's user is what its process becomes between fork and exec, for good: of the real, effective
and saved ids none is left, nor a capability (setreuid(2), capabilities(7)).

Light to import: the master's first act is to start the template, which then starts up while the
master imports the rest of itself. Specs are taken in their plain form (`codec.to_plain`).
"""

from __future__ import annotations

import _socket
import errno
import json
import os
import resource
import signal
import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from .output.pipes import let_others_open

if TYPE_CHECKING:
    from ..identity import Identity
    from ..model import AppSpec

_BOOTSTRAP = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "worker", "bootstrap.py"
)
_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
"""The limits that this master was started with: its children get them."""
_TOLD = (
    "name", "target", "script", "args", "interpreter_args", "preload",
    "exclusive_ports", "stop_signal", "kill_timeout",
)  # fmt: skip
"""What a template is told of the spec; the rest concerns the master only."""


def allow_many_files() -> None:
    """Raise this process's own soft limit of open files: it holds several for each worker."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES[1], _FILES[1]))


class Spawned:
    """A template that has just been started."""

    def __init__(self, pid: int, channel: _socket.socket, out: int, error: int) -> None:
        self.pid = pid
        self.channel = channel
        """Our end; the template has been told what to load."""
        self.out = out
        self.error = error
        """Read ends of its pipes."""


def spawn_template(spec: dict[str, Any]) -> Spawned:
    """Start an app's interpreter as a template.

    Raises OSError if interpreter or cwd are not usable.
    """
    spec = _settled(spec)
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    out_reader, out = os.pipe2(os.O_CLOEXEC)
    error_reader, error = os.pipe2(os.O_CLOEXEC)
    if spec["user"] or spec["group"]:
        let_others_open(out, error)
    words = [
        spec["interpreter"], "-u", *spec["interpreter_args"], _BOOTSTRAP, str(theirs.fileno()),
        spec["name"], spec["script"], *spec["args"],
    ]  # fmt: skip
    try:
        pid = spawn(words, spec, spec["env"], out, error, (theirs.fileno(),))
    except OSError:
        ours.close()
        os.close(out_reader)
        os.close(error_reader)
        raise
    finally:
        theirs.close()
        os.close(out)
        os.close(error)
    with suppress(ConnectionError):  # it has ended already: end of file follows
        ours.send(json.dumps({name: spec[name] for name in _TOLD}).encode())
    return Spawned(pid, ours, out_reader, error_reader)


def _settled(spec: dict[str, Any]) -> dict[str, Any]:
    """Follow the working directory, if it is a link, for all that is below it.

    As after `cd current; .venv/bin/python web.py`: all workers of a generation find their packages,
    modules and files in the same release, wherever the link leads by then.
    """
    named, real = spec["cwd"], os.path.realpath(spec["cwd"])
    found = {"cwd": real}
    for key in ("script", "interpreter"):
        below = spec[key].startswith(f"{named.rstrip('/')}/")
        found[key] = os.path.join(real, spec[key][len(named) :].lstrip("/")) if below else spec[key]
    return {**spec, **found}


def spawn_member(
    spec: AppSpec, link: int, silent: bool, user: int | str | None, group: int | str | None
) -> tuple[int, IO[bytes] | None, IO[bytes] | None]:
    """Start a program as a worker of this one; returns its pid, and its pipes if it is silent.

    Raises OSError if interpreter or cwd are not usable, ValueError for a user that is not there.
    """
    words = [
        spec.interpreter, *spec.interpreter_args, _BOOTSTRAP, f"worker:{link}", spec.script,
        *spec.args,
    ]  # fmt: skip
    pipe = subprocess.PIPE if silent else None
    # A stop that comes while the interpreter starts waits until the worker knows what it means.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        child = subprocess.Popen(
            words, cwd=spec.cwd, env=spec.env, start_new_session=True, stdout=pipe, stderr=pipe,
            pass_fds=(link,), user=user, group=group,
        )  # fmt: skip
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    child.returncode = 0  # reaped by its pidfd, not by Popen
    return child.pid, child.stdout, child.stderr


def spawn(
    words: list[str],
    spec: dict[str, Any],
    env: dict[str, str],
    out: int,
    error: int,
    keep: tuple[int, ...] = (),
) -> int:
    """Start a process with a spec's cwd, umask and user, in a session of its own.

    Returns its pid. Raises OSError.
    """
    who = _identity(spec)
    if who is not None:
        env = {**env, **{k: v for k, v in who.environ.items() if k not in spec["env_set"]}}
    child = subprocess.Popen(
        words, cwd=spec["cwd"], env=env, umask=spec["umask"], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=out, stderr=error, pass_fds=keep, close_fds=True,
        user=who.uid if who else None, group=who.gid if who else None,
        extra_groups=who.groups if who else None,
    )  # fmt: skip
    with suppress(OSError):  # it has ended already
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, _FILES)
    child.returncode = 0  # reaped by `process.reap`, not by Popen
    return child.pid


def _identity(spec: dict[str, Any]) -> Identity | None:
    """Look the user up at each start: a reload finds the groups as they are by then."""
    if not spec["user"] and not spec["group"]:
        return None
    from ..errors import ConfigError
    from ..identity import identity_of

    try:
        return identity_of(spec["user"], spec["group"])
    except ConfigError as error:
        raise PermissionError(errno.EPERM, error.message) from None
