"""A session on a host: one ssh process and a shell behind it, which is told one step at a time.

What is not ordered does not happen: if the connection breaks or the user interrupts, the host
finishes the step that it is at, and its shell ends. The one module here that starts processes.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
from collections import deque
from collections.abc import Callable, Iterable
from typing import IO

from pm.errors import Failed, PmError

from . import shell
from .model import Access
from .plan import Step

_LOCAL = "localhost"
_LOCAL_SHELL = ["sh", "-s"]
_REMEMBERED = 50
"""Lines of output that an error repeats at most."""
_LINE = 1 << 20
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PATIENCE = 2.0
"""Seconds that a session may take to end by itself."""


class Lost(PmError):
    """The connection, or the shell behind it, has ended in the middle of a step."""


class StepFailed(Failed):
    """A step has ended with an exit code (`status`) other than 0."""

    def __init__(self, step: Step, status: int, said: Iterable[str]) -> None:
        super().__init__(f"{step.title}: exit code {status}", lines=said)
        self.status = status


class Session:
    """One host; not to be used by two threads at once."""

    def __init__(self, host: str, access: Access, path: str) -> None:
        self.host = host
        self.at = ""
        """The title of the step that it is at."""
        self._command = command_line(host, access)
        self._path = path
        self._mark = f"pm-{secrets.token_hex(12)}"
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Connect; raises Failed with what ssh said."""
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=self._command == _LOCAL_SHELL,  # ssh asks on the terminal
            )  # fmt: skip
        except FileNotFoundError:
            raise Failed("there is no ssh on this machine", "install openssh-client") from None
        said: deque[str] = deque(maxlen=_REMEMBERED)
        try:
            self._send(shell.opening(self._mark, self._path))
            self._read(said.append, "open")
        except Lost:
            words = " ".join(self._command[:-1])
            raise Failed("no connection", f"`{words}` has to work", said) from None

    def run(self, step: Step, show: Callable[[str], None]) -> list[str]:
        """Take a step and return what its script told; `show` gets each line of its output.

        Raises Failed with the output's last lines if it fails, Lost if the connection breaks.
        """
        self.at = step.title
        said: deque[str] = deque(maxlen=_REMEMBERED)

        def hear(line: str) -> None:
            said.append(line)
            if not step.quiet:
                show(line)

        self._send(step.script)
        told = self._read(hear, "end")
        self.at = ""
        code = int(told.pop())
        locked = [line.removeprefix("locked ") for line in told if line.startswith("locked")]
        if locked:
            raise Failed(f"another deploy is under way: {locked[0]}", "try again when it has ended")
        if code:
            raise StepFailed(step, code, said if step.quiet else ())
        return told

    def hang_up(self) -> None:
        """Break the connection; a step that is under way is finished by the host."""
        if self._process:
            self._process.terminate()

    def close(self) -> None:
        """End the session and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        to_host, from_host = _pipes(process)
        with contextlib.suppress(OSError):
            to_host.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        from_host.close()

    def _send(self, text: str) -> None:
        to_host, _ = _pipes(self._process)
        try:
            to_host.write(text.encode())
            to_host.flush()
        except OSError:
            raise self._lost() from None

    def _read(self, hear: Callable[[str], None], last: str) -> list[str]:
        """Read until the shell tells `last`; return what it has told, that included."""
        _, from_host = _pipes(self._process)
        told: list[str] = []
        while raw := from_host.readline(_LINE):
            text, mark, message = _text(raw).partition(f"{self._mark} ")
            if text or not mark:
                hear(text)
            if mark and message.partition(" ")[0] == last:
                return [*told, message.partition(" ")[2]]
            if mark:
                told.append(message)
        raise self._lost()

    def _lost(self) -> Lost:
        where = f" while {self.at}" if self.at else ""
        return Lost(
            f"the connection was lost{where}",
            "the host finishes that step and begins no other; "
            "`pm deploy NAME current` shows what is live there",
        )


def run_here(text: str, show: Callable[[str], None]) -> None:
    """Run the user's own command in a shell on this machine; raises Failed."""
    with subprocess.Popen(
        ["sh", "-c", text],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while raw := process.stdout.readline(_LINE):
            show(_text(raw))
    if process.returncode:
        raise Failed(
            f"the hook pre-deploy-local failed: exit code {process.returncode}",
            "no host was changed",
        )


def _text(raw: bytes) -> str:
    """Return a line as a terminal would leave it: without colours and what was written over."""
    text = _ESCAPE.sub("", raw.decode(errors="replace")).rstrip("\r\n")
    return text.rpartition("\r")[2]


def _pipes(process: subprocess.Popen[bytes] | None) -> tuple[IO[bytes], IO[bytes]]:
    """Return the pipes to and from a host."""
    assert process is not None
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def command_line(host: str, access: Access) -> list[str]:
    """Return the command that reaches a shell on the host; `localhost` alone needs no ssh."""
    if host == _LOCAL and access == Access():
        return _LOCAL_SHELL
    options = ["-T"]
    options += ["-A"] if access.forward_agent else []
    options += ["-p", str(access.port)] if access.port else []
    options += ["-i", os.path.expanduser(access.key)] if access.key else []
    for text in (*access.options, "ConnectTimeout=30", "ServerAliveInterval=15"):
        options += ["-o", text]  # the first of a name counts: the user's
    to = f"{access.user}@{host}" if access.user else host
    return ["ssh", *options, "--", to, "exec sh -s"]
