"""The fork server: its masters are as executed ones, and its death harms nobody."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from daemon.masters.process import start_time
from daemon.masters.spawner import master_command
from pm import api
from pm.master.forkserver import MOST_FDS, READY, ROOM
from pm.model import AppSpec, AppView, Mode, State, Target
from tests.processes import is_alive, is_fork_server, is_stopped, marked
from tests.waiting import until

from .daemon_fakes.harness import PATIENCE, Daemon

pytestmark = pytest.mark.slow


def spec(name: str) -> AppSpec:
    """Return an app that sleeps, and is online at once."""
    return AppSpec(
        name, "/bin/sleep", "/", target=Target.COMMAND, args=("1000",), exec_mode=Mode.FORK,
        min_uptime=0.05,
    )  # fmt: skip


@pytest.fixture
def daemon(home: str) -> Iterator[Daemon]:
    running = Daemon(home, "real_daemon.py")
    yield running
    end(running)


def end(running: Daemon) -> None:
    """Stop the apps and the daemon; one that was killed is replaced to do so."""
    if running.context.closed:
        running = Daemon(running.home, "real_daemon.py")
    running.ask(api.Kill())
    running.close()
    until(lambda: not marked(running.home), "nothing is left")


def command(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().rstrip(b"\0").replace(b"\0", b" ").decode()


def was_forked(pid: int) -> bool:
    """Say whether a master was forked: the descriptors stand in the command of an executed one."""
    return not re.search(r" \d+\Z", command(pid))


def fork_server(daemon: Daemon, other_than: int = 0) -> int:
    """Wait for the fork server; returns its pid."""

    def look() -> list[int]:
        found = [pid for pid, words in marked(daemon.home).items() if is_fork_server(words)]
        return [pid for pid in found if pid != other_than]

    return until(look, "a fork server")[0]


def started(daemon: Daemon, name: str, forked: bool) -> AppView:
    """Start an app whose master is forked, or executed because the fork server is dead."""

    def start() -> AppView | None:
        if not forked:
            kill(fork_server(daemon))
        daemon.do(api.Start((spec(name),)))
        app = daemon.app(name)
        if was_forked(app.master_pid) is forked:
            return app
        daemon.do(api.Delete((name,)))
        return None

    found = until(start, f"a master that was forked: {forked}", PATIENCE)
    assert found is not None
    return found


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid), f"{pid} dead")


def facts(pid: int) -> dict[str, object]:
    """Return what a process got from the one that started it."""
    with open(f"/proc/{pid}/stat") as file:
        parent, group, session = file.read().rpartition(")")[2].split()[1:4]
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    with open(f"/proc/{pid}/limits") as file, open(f"/proc/{pid}/environ", "rb") as environ:
        limits, variables = file.read(), environ.read()
    wanted = (
        "Name",
        "Umask",
        "Threads",
        "SigBlk",
        "SigIgn",
        "SigCgt",
        "Cpus_allowed",
        "NoNewPrivs",
    )
    return {
        "parent": int(parent), "leads": int(group) == int(session) == pid,
        "cwd": os.readlink(f"/proc/{pid}/cwd"), "exe": os.readlink(f"/proc/{pid}/exe"),
        "limits": limits, "environ": variables, "nice": os.getpriority(os.PRIO_PROCESS, pid),
        "files": files(pid), **{key: status[key] for key in wanted},
    }  # fmt: skip


def files(pid: int) -> list[str]:
    """Return what the descriptors stand for: numbers that are never the same left out."""
    names = (re.sub("executed|forked", "APP", end) for end in ends(pid))
    return sorted(re.sub(r"\[\d+\]", "", name) for name in names)


def test_a_forked_master_is_as_an_executed_one(daemon: Daemon) -> None:
    executed = started(daemon, "executed", forked=False)
    forked = started(daemon, "forked", forked=True)

    def alike() -> bool:
        before, after = facts(executed.master_pid), facts(forked.master_pid)
        print({name: (before[name], after[name]) for name in before if before[name] != after[name]})
        return before == after

    # each looks at its worker now and then, and has a file open meanwhile
    until(alike, "the same facts")
    assert facts(forked.master_pid)["parent"] == daemon.process.pid
    assert re.search(r"/master/__main__.py executed \d+\Z", command(executed.master_pid))
    assert command(forked.master_pid).endswith("/master/__main__.py forked")
    daemon.do(api.Stop(("forked",)))
    assert not is_alive(forked.master_pid)


def test_the_last_words_of_a_forked_master_are_known_and_its_orphans_reaped(
    daemon: Daemon,
) -> None:
    app = started(daemon, "web", forked=True)
    kill(app.master_pid)
    until(lambda: daemon.app("web").master_pid not in (0, app.master_pid), "another master")
    reasons = [event.reason for event in daemon.ask(api.Describe(("web",))).details[0].events]
    assert "its master died: SIGKILL" in reasons
    until(lambda: not zombies(daemon.process.pid), "the dead are buried")
    assert not is_alive(app.workers[0].pid)


def zombies(parent: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, ppid = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(ppid) == parent:
            found.append(int(name))
    return found


def test_its_death_does_no_harm_to_masters_and_another_one_follows(daemon: Daemon) -> None:
    app = started(daemon, "web", forked=True)
    old = fork_server(daemon)
    kill(old)
    assert daemon.do(api.Resume(("web",))) == "already online"
    assert daemon.app("web").master_pid == app.master_pid
    assert daemon.do(api.Start((spec("next"),))).startswith("started")
    assert fork_server(daemon, other_than=old) != old
    assert was_forked(started(daemon, "last", forked=True).master_pid)
    assert [daemon.app(name).state for name in ("web", "next", "last")] == [State.ONLINE] * 3


@pytest.mark.parametrize("number", [signal.SIGKILL, 0])
def test_a_start_under_way_is_done_although_it_dies_or_hangs(daemon: Daemon, number: int) -> None:
    started(daemon, "web", forked=True)
    server = fork_server(daemon)
    os.kill(server, signal.SIGSTOP)
    until(lambda: is_stopped(server), "it is stopped")
    request = daemon.send(api.Start((spec("next"),)))
    until(lambda: waits_for_an_answer(daemon.process.pid), "the order is given")
    if number:
        os.kill(server, number)
    reply = daemon.receive(request)
    assert reply.body is not None
    assert reply.body["outcomes"][0]["error"] is None
    until(lambda: not is_alive(server), "a fork server that hangs is killed")
    masters = [c for c in marked(daemon.home).values() if re.search(r"__main__.py next\b", c)]
    assert len(masters) == 1


def waits_for_an_answer(pid: int) -> bool:
    """True if a daemon has a second SOCK_SEQPACKET end: one is of its channel, one for answers."""
    with open("/proc/net/unix") as file:
        rows = [line.split() for line in file]
    packets = {f"socket:[{row[6]}]" for row in rows if row[4] == "0005"}
    return sum(end in packets for end in ends(pid)) > 1


def ends(pid: int) -> Iterator[str]:
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            yield os.readlink(f"/proc/{pid}/fd/{fd}")


def test_it_ends_with_its_daemon_and_the_masters_do_not(home: str) -> None:
    first = Daemon(home, "real_daemon.py")
    app = started(first, "web", forked=True)
    server = fork_server(first)
    first.kill()
    until(lambda: not is_alive(server), "no old code for a new daemon")
    assert start_time(app.master_pid)
    second = Daemon(home, "real_daemon.py")
    assert second.pids("web") == [app.workers[0].pid]
    assert second.app("web").master_pid == app.master_pid
    fork_server(second)
    end(second)


def test_a_limit_changed_since_is_that_of_the_next_master(daemon: Daemon) -> None:
    started(daemon, "first", forked=True)
    _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_CORE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_CORE, (4096, hard))
    daemon.do(api.Start((spec("web"),)))
    executed = daemon.app("web").master_pid
    forked = started(daemon, "next", forked=True).master_pid
    for pid in (executed, forked):
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (4096, hard)


@pytest.mark.parametrize("read", [False, True])
def test_a_daemon_killed_before_it_had_read_leaves_no_traceback(read: bool) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [*master_command(), "fork server"], stdin=theirs.fileno(), stderr=subprocess.PIPE
        )
    with ours:
        if read:
            select.select([ours], [], [], PATIENCE)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, b"")


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A fork server of our own that is ready."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    words = [*master_command(), "fork server".ljust(ROOM)]
    with theirs:
        process = subprocess.Popen(words, stdin=theirs.fileno())
    with ours:
        assert ours.recv(100) == READY
        yield process, ours
    assert process.wait(PATIENCE) == 0, "it ends at the end of its channel"


def test_a_master_that_nobody_waits_for_ends_at_once(
    server: tuple[subprocess.Popen[bytes], socket.socket],
) -> None:
    _, channel = server
    answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe()
    with answer, theirs, open(os.devnull) as bootstrap:
        answer.shutdown(socket.SHUT_RD)
        socket.send_fds(channel, [b"web"], [theirs.fileno(), bootstrap.fileno(), writer])
    os.close(writer)
    with open(reader, "rb") as pipe:
        assert pipe.read() == b"", "whoever held the other end is gone"


def test_it_has_one_thread_and_takes_as_many_descriptors_as_fit(
    server: tuple[subprocess.Popen[bytes], socket.socket],
) -> None:
    process, channel = server
    assert len(os.listdir(f"/proc/{process.pid}/task")) == 1
    answer, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with answer, theirs, open(os.devnull) as bootstrap:
        kept = [bootstrap.fileno()] * (MOST_FDS - 1)
        socket.send_fds(channel, [b"web"], [theirs.fileno(), *kept])
        theirs.close()
        pid = int.from_bytes(answer.recv(4), sys.byteorder)
    assert pid > 0, "the order was understood"
