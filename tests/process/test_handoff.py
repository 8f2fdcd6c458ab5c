"""The hand-off over real connections, its workers read by hand."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from pm.master.sockets.lane import (
    CONNECTION,
    LONGEST_WAIT,
    PATIENCE,
    WAKE,
    Lane,
    Undelivered,
)
from tests.process.handing import Bench, own_loop, run_for, run_until


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One listener, queue_depth 64."""
    with own_loop() as loop:
        made = Bench(loop)
        yield made
        made.close()


@pytest.fixture
def never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this test has to wait for a core, nobody is late."""
    monkeypatch.setattr("pm.master.sockets.lane.PATIENCE", 60.0)


def is_waiting(bench: Bench) -> bool:
    """Say whether connections wait in the kernel's backlog, not accepted."""
    return bool(select.select([bench.sock], [], [], 0)[0])


@pytest.mark.usefixtures("never_late")
def test_strict_rotation(bench: Bench) -> None:
    names = ["a", "b", "c", "d"]
    readers = [bench.worker(name) for name in names]
    order: list[int] = []
    for at in range(40):
        bench.connect()
        bench.serve(at + 1, *names)
        order.append(next(i for i in range(4) if len(readers[i].taken) > order.count(i)))
    assert order == [0, 1, 2, 3] * 10
    assert bench.given(*names) == [10] * 4


def test_the_taken_fd_is_the_connection_and_the_peer_goes_along(bench: Bench) -> None:
    reader = bench.worker("a")
    bench.connect()
    bench.serve(1, "a")
    conn = socket.socket(fileno=reader.taken.pop())
    assert conn.getpeername() == bench.clients[0].getsockname()
    assert conn.gettimeout() is None
    assert os.get_blocking(conn.fileno())
    conn.sendall(b"hello")
    assert bench.clients[0].recv(5) == b"hello"
    conn.close()
    assert bench.clients[0].recv(1) == b"", "the master has kept a copy"


@pytest.mark.usefixtures("never_late")
def test_a_burst_is_shared_evenly(bench: Bench) -> None:
    bench.worker("a")
    bench.worker("b")
    bench.connect(64)
    run_until(bench.loop, lambda: sum(bench.given("a", "b")) == 64, "all handed over")
    assert bench.given("a", "b") == [32, 32]
    bench.serve(64, "a", "b")
    assert [len(bench.readers[n].taken) for n in "ab"] == [32, 32]


def test_who_is_behind_loses_what_it_has_not_taken_and_finds_a_probe(bench: Bench) -> None:
    stuck = bench.worker("stuck")
    bench.worker("busy")
    bench.connect(4)
    bench.serve(4, "busy")  # the two of the stuck one arrive as well
    assert stuck.take() == 1
    assert stuck.kinds[-1:] == b"P"
    assert stuck.taken == []


def test_who_is_behind_is_passed_over_until_it_takes_the_probe(bench: Bench) -> None:
    stuck = bench.worker("stuck")
    bench.worker("busy")
    bench.connect(2)
    bench.serve(2, "busy")
    bench.connect(30)
    bench.serve(32, "busy")
    assert bench.given("stuck") == [0], "what was pulled back was not given"
    assert stuck.take() == 1  # the probe
    run_until(bench.loop, lambda: len(bench.handoff.turns) == 2, "back in the rotation")
    for at in range(10):
        bench.connect()
        bench.serve(33 + at, "stuck", "busy")
    assert len(stuck.taken) == 5


def test_who_runs_is_slow_not_stuck(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = bench.worker("slow")
    bench.worker("busy")
    bench.share["slow"] = 1.0
    with monkeypatch.context() as patch:
        for name in ("LONGEST_WAIT", "STARVED_WAIT"):  # this test may be slow too
            patch.setattr(f"pm.master.sockets.lane.{name}", 60.0)
        bench.connect(2)
        bench.serve(1, "busy")
        run_for(bench.loop, 2 * PATIENCE)
        assert slow.take() == 1
        assert len(slow.taken) == 1
    bench.connect(2)
    bench.serve(3, "busy")  # not for ever: what lies too long is pulled back all the same
    assert bench.readers["slow"].take() == 1
    assert slow.kinds[-1:] == b"P"


@pytest.mark.slow
def test_who_gets_no_core_keeps_its_turns(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    starved = bench.worker("starved")
    bench.worker("busy")
    bench.share["starved"] = 0.1
    with monkeypatch.context() as patch:
        patch.setattr("pm.master.sockets.lane.STARVED_WAIT", 60.0)
        bench.connect(2)
        bench.serve(1, "busy")
        run_for(bench.loop, 2 * LONGEST_WAIT)
        assert starved.take() == 1
        assert len(starved.taken) == 1
    bench.connect(2)
    bench.serve(3, "busy")  # nor for ever
    assert starved.take() == 1
    assert starved.kinds[-1:] == b"P"


def test_a_request_behind_a_stuck_worker_waits_one_patience_at_most(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.worker("stuck")
    bench.worker("busy")
    given = []
    lane = bench.handoff.lanes["stuck"]

    def give(connection: Undelivered, now: float) -> bool:
        given.append(connection)
        return Lane.give(lane, connection, now)

    monkeypatch.setattr(lane, "give", give)
    for name in ("LONGEST_WAIT", "STARVED_WAIT"):  # so it is PATIENCE that ends the waiting
        monkeypatch.setattr(f"pm.master.sockets.lane.{name}", 60.0)
    for at in range(20):
        bench.connect()
        bench.serve(at + 1, "busy")
    assert len(given) == 1, "one has waited, the others were not given to it"


def test_all_behind_nothing_is_accepted_until_one_is_back(bench: Bench) -> None:
    first = bench.worker("a")
    second = bench.worker("b")
    bench.connect(2)
    run_until(bench.loop, lambda: len(bench.handoff.turns) == 0, "all behind")
    bench.connect(5)
    run_for(bench.loop, 0.05)
    assert is_waiting(bench)
    assert sum(bench.given("a", "b")) <= 4
    assert second.take() == 1
    bench.serve(7, "b")
    assert not is_waiting(bench)
    assert first.taken == []


@pytest.mark.usefixtures("never_late")
def test_queue_depth_is_the_most_that_one_holds() -> None:
    """More than `depth` at once are no reason to take back what the worker is about to read."""
    with own_loop() as loop:
        bench = Bench(loop, depth=3)
        reader = bench.worker("a")
        bench.connect(10)
        run_until(loop, lambda: bench.given("a") == [3], "three handed over")
        assert reader.take(3) == 3
        assert Counter(reader.kinds)[ord("C")] == 3
        bench.serve(10, "a")
        assert bench.given("a") == [10], "each handed over once"
        bench.close()


def test_before_the_first_probe_is_taken_nothing_comes(bench: Bench) -> None:
    bench.handoff.attach("slow")
    bench.handoff.open("slow", 5)
    bench.handoff.enter("slow")
    bench.connect()
    run_for(bench.loop, 0.03)
    assert bench.given("slow") == [0]
    assert is_waiting(bench)


def test_no_worker_at_all_keeps_clients_waiting(bench: Bench) -> None:
    bench.worker("a")
    bench.handoff.withdraw("a")
    bench.connect(3)
    run_for(bench.loop, 0.03)
    assert is_waiting(bench)
    bench.worker("b")
    bench.serve(3, "b")


@pytest.mark.usefixtures("never_late")
def test_what_a_dead_worker_left_is_answered_by_another(bench: Bench) -> None:
    dead = bench.worker("dead")
    bench.worker("other")
    bench.connect(6)
    run_until(bench.loop, lambda: bench.given("dead", "other") == [3, 3], "handed over")
    dead.take(1)
    dead.end.close()
    bench.handoff.withdraw("dead")
    bench.serve(5, "other")
    assert list(bench.handoff.lanes) == ["other"]


@pytest.mark.usefixtures("never_late")
def test_a_retired_worker_gets_nothing_and_gives_up_what_waits(bench: Bench) -> None:
    old = bench.worker("old")
    bench.worker("new")
    bench.connect(4)
    run_until(bench.loop, lambda: bench.given("old", "new") == [2, 2], "handed over")
    bench.handoff.retire("old")
    bench.serve(4, "new")
    bench.handoff.lanes["old"].send(WAKE)
    assert old.take() == 1
    assert old.kinds[-1:] == WAKE
    bench.connect(4)
    bench.serve(8, "new")
    assert old.taken == []


def test_a_connection_that_comes_back_is_served_before_new_ones(bench: Bench) -> None:
    old = bench.worker("old")
    bench.connect()
    bench.serve(1, "old")
    bench.handoff.retire("old")
    bench.connect()
    bench.handoff.give((os.dup(old.taken[0]), b"127.0.0.1 1"))
    new = bench.worker("new")
    bench.serve(2, "new")
    inode = os.fstat(old.taken[0]).st_ino
    assert os.fstat(new.taken[0]).st_ino == inode
    assert os.fstat(new.taken[1]).st_ino != inode


def test_listening_again_changes_nothing(bench: Bench) -> None:
    reader = bench.worker("a")
    bench.handoff.open("a", 5)
    bench.connect(3)
    bench.serve(3, "a")
    assert bench.handoff.gate.backlog == 4096
    assert len(reader.taken) == 3


def test_who_listens_again_and_is_stuck_holds_nothing_back(bench: Bench) -> None:
    bench.worker("stuck")
    bench.worker("busy")
    bench.handoff.open("stuck", 5)
    bench.connect(2)
    bench.serve(2, "busy")


def test_close_frees_the_port_though_copies_are_open(bench: Bench) -> None:
    bench.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bench.worker("a")
    copy = bench.sock.dup()
    bench.handoff.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(bench.address, 5)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(bench.address)
        again.listen()
        socket.create_connection(bench.address, 5).close()
    copy.close()


@pytest.mark.usefixtures("never_late")
def test_close_refuses_those_that_wait(bench: Bench) -> None:
    bench.worker("a")
    bench.connect(3)
    run_until(bench.loop, lambda: bench.given("a") == [3], "handed over")
    bench.handoff.close()
    for client in bench.clients:
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_out_of_fds_the_listener_rests_and_goes_on(bench: Bench) -> None:
    bench.worker("a")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    bench.connect(2)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with pytest.raises(OSError) as caught:
            os.dup(0)
        assert caught.value.errno == errno.EMFILE
        rounds: list[int] = []
        bench.loop.after_each.append(lambda: rounds.append(1))
        timers = len(rounds)
        run_for(bench.loop, 0.05)
        assert len(rounds) - timers < 100, "it spins"
        assert bench.given("a") == [0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    bench.serve(2, "a")


TOTAL = 30_000


def test_30_000_fed_to_readers_of_which_one_dawdles(bench: Bench) -> None:
    """Demotions, pull-backs and probes while two threads read: each arrives exactly once."""
    taken: list[bytes] = []
    stop = threading.Event()
    threads = [
        threading.Thread(target=_read, args=(bench.worker(name).end, taken, stop, pause))
        for name, pause in (("quick", 0.0), ("dawdler", 0.03))
    ]
    for thread in threads:
        thread.start()
    null = os.open(os.devnull, os.O_RDONLY)
    fed = 0

    def feed() -> None:
        nonlocal fed
        while fed < TOTAL and len(bench.handoff._queue) < 300:
            bench.handoff.give((os.dup(null), CONNECTION + b"%d" % fed))
            fed += 1

    bench.loop.after_each.append(feed)
    run_until(bench.loop, lambda: len(taken) >= TOTAL, "all arrived", 120)
    bench.loop.after_each.remove(feed)
    stop.set()
    for name in ("quick", "dawdler"):
        bench.handoff.lanes[name].send(WAKE)
    for thread in threads:
        thread.join(10)
    os.close(null)
    assert Counter(map(int, taken)) == Counter(range(TOTAL))
    assert bench.given("dawdler")[0] > 0


def _read(end: socket.socket, taken: list[bytes], stop: threading.Event, pause: float) -> None:
    while True:
        data, extra, _, _ = end.recvmsg(256, socket.CMSG_SPACE(4))
        if data[:1] == WAKE:
            return
        if data[:1] != CONNECTION:
            continue
        os.close(int.from_bytes(extra[0][2][:4], "little"))
        taken.append(data[1:].rstrip(b"\0"))
        if pause and len(taken) % 100 == 0:
            stop.wait(pause)
