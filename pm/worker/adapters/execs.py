"""A program that starts itself anew, as the reloaders of Django and werkzeug do: it joins.

Looked at are subprocess and os.exec; a child that is the same interpreter with the same script
or module and the same arguments is given a ticket. Any other program is none of our business.
"""

from __future__ import annotations

import os
import sys

from .. import commandline, here, tickets

TYPE_CHECKING = False  # typing itself is not to be imported into an app
if TYPE_CHECKING:
    from typing import Any


def install() -> None:
    """Look at os.execv and os.execve, which all of os.exec and os.spawn end in."""
    execv, execve = os.execv, os.execve

    def look_execv(path: Any, argv: Any, /) -> Any:
        return _run_again(execv, path, argv)

    def look_execve(path: Any, argv: Any, env: Any) -> Any:
        return _run_again(execve, path, argv, env)

    os.execv, os.execve = look_execv, look_execve


def adapt(subprocess: Any) -> None:
    """Look at what `subprocess` starts."""
    plain = subprocess.Popen._execute_child

    def _execute_child(
        self: Any, args: Any, executable: Any, preexec: Any, close_fds: Any, pass_fds: Any,
        *rest: Any,
    ) -> Any:  # fmt: skip
        joined = None if isinstance(args, (str, bytes)) else _joined(executable, args)
        if joined is not None:
            args, fds = joined
            pass_fds = (*pass_fds, *fds)
        return plain(self, args, executable, preexec, close_fds, pass_fds, *rest)

    subprocess.Popen._execute_child = _execute_child


def _run_again(execute: Any, path: Any, argv: Any, *env: Any) -> Any:
    joined = _joined(path, argv)
    if joined is None:
        return execute(path, argv, *env)
    words, fds = joined
    try:
        for fd in fds:
            os.set_inheritable(fd, True)
        return execute(path, words, *env)
    finally:  # it has failed
        for fd in fds:
            os.set_inheritable(fd, False)


def _joined(path: Any, argv: Any) -> tuple[list[str], list[int]] | None:
    """Return the command line that joins, and the fds for it, for this program started anew."""
    if here.link is None:
        return None
    try:
        first, *words = map(os.fsdecode, argv)
        interpreter = os.fsdecode(path or first)
    except (TypeError, ValueError):  # the real call will say so
        return None
    line = commandline.read(words) if _same_file(interpreter, sys.executable) else None
    if line is None or not _is_this_program(line):
        return None
    ticket = tickets.issue()
    if ticket is None:
        return None
    return [first, *ticket.words(line)], ticket.fds


def _is_this_program(line: commandline.Line) -> bool:
    job = here.job
    return (
        job is not None
        and line.target == job.target
        and line.args in (job.args, sys.argv[1:])
        and (
            line.script == job.script
            or (line.target == "script" and _same_file(line.script, job.script))
        )
    )


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return one == other
