"""Why a port could not be bound, and who holds it."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys

from pm.master.sockets.busyport import explain


def test_the_holder_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        message, hint = explain(("127.0.0.1", port, errno.EADDRINUSE), "exit code 1")
    assert message.startswith(f"port {port} is in use by pid {os.getpid()} (")
    assert message.endswith("(exit code 1)")
    assert str(port) in hint


def test_its_whole_command_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        words = [sys.executable, "-S", "-E", "-c", "\ninput()\n", "its", "name"]
        holder = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[sock.fileno()])
        port = sock.getsockname()[1]
        sock.close()
        message, _ = explain(("127.0.0.1", port, errno.EADDRINUSE), "exit code 1")
        holder.communicate()
    assert f"by pid {holder.pid} ({sys.executable} -S -E -c input() its name)" in message


def test_a_master_of_another_pm_home_is_named_by_its_app() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:  # held by us too, as by its daemon
        words = [sys.executable, "-c", "input()", "/x/pm/master/__main__.py", "the shop"]
        holder = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[sock.fileno()])
        message, _ = explain(("127.0.0.1", sock.getsockname()[1], errno.EADDRINUSE), "x")
        holder.communicate()
    assert f"by the app `the shop` of another PM_HOME (master pid {holder.pid})" in message


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
