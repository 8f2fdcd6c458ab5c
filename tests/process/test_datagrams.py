"""UDP: the workers of an app read from one socket, which outlives them."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tests.ports import free_port
from tests.process.engine import PATIENCE, Engine, spec_of
from tests.processes import is_alive, is_stopped
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "udp_server.py"


def client(port: int) -> socket.socket:
    """Return a socket whose packets go to the app."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))
    sock.settimeout(PATIENCE)
    return sock


def ask(sock: socket.socket, word: bytes = b"?") -> int:
    """Send a packet, and return the pid that answers."""
    sock.send(word)
    return int(sock.recv(100))


def is_bound(port: int) -> bool:
    """Say whether somebody has the UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def test_all_workers_read_from_one_socket(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APP, port), 3) as engine, client(port) as sock:
        pids = engine.online(3)
        engine.wait(lambda: engine.status and engine.status.listeners, "it has bound")
        assert engine.status is not None
        assert [listener.text for listener in engine.status.listeners] == [f"udp:127.0.0.1:{port}"]
        for last in pids:  # when the others stand still, it answers
            others = set(pids) - {last}
            for pid in others:
                os.kill(pid, signal.SIGSTOP)
            until(lambda: all(map(is_stopped, others)), "the others stand still")  # noqa: B023
            assert ask(sock) == last
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert "errored" not in engine.kinds()
    assert not is_bound(port)


def test_a_packet_that_comes_between_two_workers_is_answered(tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APP, port, restart_delay=0.5)
    with Engine(tmp_path / "home", spec) as engine, client(port) as sock:
        (old,) = engine.online(1)
        assert ask(sock) == old
        os.kill(old, signal.SIGKILL)
        engine.wait(lambda: "exit" in engine.kinds(), "it is gone")
        new = ask(sock)
        assert new != old
        engine.wait(lambda: engine.pids() == [new], "its successor is known")
        engine.online(1)
        assert engine.call("reload").error is None
        assert ask(sock) == engine.online(1)[0] != new


def test_the_last_worker_that_closes_it_gives_the_port_up(tmp_path: Path) -> None:
    port = free_port()
    with Engine(tmp_path / "home", spec_of(APP, port), 2) as engine, client(port) as sock:
        engine.online(2)
        first = ask(sock, b"close")
        assert ask(sock, b"close") != first
        engine.wait(lambda: not is_bound(port), "the port is free")


def test_the_next_master_finds_the_socket(tmp_path: Path) -> None:
    port = free_port()
    spec = spec_of(APP, port)
    with Engine(tmp_path / "home", spec) as engine, client(port) as sock:
        (old,) = engine.online(1)
        assert ask(sock) == old
        engine.call("listeners")
        (kept,) = engine.kept.items()
        os.kill(engine.master.pid, signal.SIGKILL)
        engine.master.wait()
        copy = (kept[0], os.dup(kept[1]))
        with Engine(tmp_path / "next", spec, keep=(copy,), listens=False) as after:
            os.close(copy[1])
            # it may take a packet with it when it is ended: nobody would answer that one
            after.wait(lambda: not is_alive(old), "the old one is gone")
            assert [ask(sock)] == after.online(1), "the new one answers"
