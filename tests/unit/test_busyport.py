"""Why a port could not be bound, and who holds it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

from pm.master.sockets.busyport import explain


@contextlib.contextmanager
def holding(sock: socket.socket, *words: str) -> Iterator[int]:
    """Let another process hold a socket; gives its pid once it runs: its /proc is empty before."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, *words], stdin=pipe, stdout=pipe, pass_fds=[sock.fileno()]
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.read(1) == b"?"
        yield holder.pid
        holder.communicate(b"\n")


def test_the_holder_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        message, hint = explain(("127.0.0.1", port, errno.EADDRINUSE), "exit code 1")
    assert message.startswith(f"port {port} is in use by pid {os.getpid()} (")
    assert message.endswith("(exit code 1)")
    assert str(port) in hint


def test_its_whole_command_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        with holding(sock, "-S", "-E", "-c", "\ninput('?')\n", "its", "name") as pid:
            sock.close()
            message, _ = explain(("127.0.0.1", port, errno.EADDRINUSE), "exit code 1")
    assert f"by pid {pid} ({sys.executable} -S -E -c input('?') its name)" in message


def test_a_master_of_another_pm_home_is_named_by_its_app() -> None:
    words = ("-c", "input('?')", "/x/pm/master/__main__.py", "the shop")
    with socket.create_server(("127.0.0.1", 0)) as sock:  # held by us too, as by its daemon
        port = sock.getsockname()[1]
        with holding(sock, *words) as pid:
            message, _ = explain(("127.0.0.1", port, errno.EADDRINUSE), "x")
    assert f"by the app `the shop` of another PM_HOME (master pid {pid})" in message


def test_a_holder_on_the_other_family_is_found_too() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as sock:
        message, _ = explain(("::1", sock.getsockname()[1], errno.EADDRINUSE), "x")
    assert f"pid {os.getpid()}" in message


def test_a_port_that_nobody_listens_on_has_no_holder() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        message, _ = explain(("127.0.0.1", port, errno.EADDRINUSE), "exit code 1")
    assert message == f"port {port} is in use (exit code 1)"


def test_other_errors_say_what_the_kernel_says() -> None:
    message, _ = explain(("192.0.2.1", 80, errno.EADDRNOTAVAIL), "exit code 1")
    assert message == f"cannot bind 192.0.2.1:80: {os.strerror(errno.EADDRNOTAVAIL)} (exit code 1)"
