"""Servers that accept past the hand-off: their ports are seen; they are ready once they listen."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pm.master.sockets import ports
from pm.model import ListenerView, Mode
from tests.load import Client
from tests.ports import free_port
from tests.process.engine import Engine, spec_of

APP = Path(__file__).parent / "apps" / "beside.py"
NEVER = 60.0
"""A `min_uptime` by which no guess makes an app ready in time."""


def listeners(engine: Engine) -> tuple[ListenerView, ...]:
    """Return what the app is said to listen on."""
    return engine.status.listeners if engine.status else ()


@pytest.mark.parametrize("mode", list(Mode))
def test_it_is_ready_when_it_listens_and_the_kernel_chooses(mode: Mode, tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APP, port, min_uptime=NEVER, exec_mode=mode)
    with Engine(tmp_path / "home", spec, slots=2) as engine:
        pids = engine.online(2)
        assert listeners(engine) == (ListenerView("127.0.0.1", port, "ipv4", "reuseport"),)
        assert Client(port).get() in map(str, pids)
        assert engine.call("reload").error is None
        assert not set(engine.online(2)) & set(pids)
        kinds = [(h.event.kind, h.event.pid) for h in engine.events]
        after = kinds[kinds.index(("exit", pids[0])) :]
        assert ("online", engine.pids()[0]) not in after, "the new listens before the old leaves"
    with socket.create_server(("127.0.0.1", port)):
        pass  # free


def test_a_port_that_only_one_can_have_is_left_before_it_is_taken(tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APP, port, "alone", min_uptime=NEVER)
    with Engine(tmp_path / "home", spec) as engine:
        (old,) = engine.online(1)
        assert listeners(engine) == (ListenerView("127.0.0.1", port, "ipv4", "own"),)
        assert engine.call("reload").error is None
        (new,) = engine.online(1)
        assert new != old
        assert Client(port).get() == str(new)


def test_a_port_that_is_opened_late_is_seen(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APP, port, "late", min_uptime=0.1)) as engine:
        engine.wait(lambda: listeners(engine), "it listens")
        assert engine.online(1)


def test_what_the_kernel_says_of_ports() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::", 0), family=socket.AF_INET6) as six,
        socket.create_server(
            ("::ffff:127.0.0.1", 0), family=socket.AF_INET6, dualstack_ipv6=True
        ) as mapped,
        socket.create_connection(four.getsockname()),
    ):
        known = {(port.address, port.port, port.family) for port in ports.listening()}
        assert ("127.0.0.1", four.getsockname()[1], "ipv4") in known
        assert ("::", six.getsockname()[1], "ipv6") in known
        assert ("127.0.0.1", mapped.getsockname()[1], "ipv4") in known


def test_a_number_that_is_another_files_by_now_is_no_port(tmp_path: Path) -> None:
    """The worker may close its listener, and open something else, while it is looked at."""
    with open(tmp_path / "file", "wb") as file:
        before = os.listdir("/proc/self/fd")
        assert not ports.reuses_port(os.getpid(), file.fileno())
        assert os.listdir("/proc/self/fd") == before
