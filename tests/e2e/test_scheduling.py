"""Policies: which worker gets the next connection, and what is counted of it."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.load import Client, Load
from tests.pm_command import Pm
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
SLOTS = range(4)


def ask(port: int, source: str = "", path: str = "/") -> tuple[int, int]:
    """Return slot and pid of the worker that answers a client from `source`."""
    with connected(port, source) as sock:
        return answer(sock, path)


@contextmanager
def connected(port: int, source: str = "") -> Iterator[socket.socket]:
    """Give a connection from an address of this machine."""
    with socket.create_connection(("127.0.0.1", port), 10, (source, 0) if source else None) as sock:
        yield sock


def answer(sock: socket.socket, path: str = "/") -> tuple[int, int]:
    """Ask once more on a connection that stays."""
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data or not data.split(b"\r\n\r\n", 1)[1]:
        more = sock.recv(4096)
        assert more, "closed before the answer"
        data += more
    slot, pid = data.split(b"\r\n\r\n", 1)[1].split()
    return int(slot), int(pid)


def opened(pm: Pm) -> list[int]:
    """Return how many connections each slot has open."""
    return [worker["open"] for worker in pm.app("holding")["workers"]]


def start(pm: Pm, port: int, policy: str) -> None:
    pm("start", APPS / "holding.py", "-i", 4, "--scheduling", policy, "--", port)


def test_who_holds_ten_long_connections_gets_none_more(pm: Pm, port: int) -> None:
    start(pm, port, "least-connections")
    with ExitStack() as held:
        by_slot: dict[int, list[socket.socket]] = {slot: [] for slot in SLOTS}
        for _ in range(40):
            sock = held.enter_context(connected(port))
            by_slot[answer(sock)[0]].append(sock)
        assert [len(socks) for socks in by_slot.values()] == [10] * 4, "evenly, while all stay open"
        for sock in (sock for slot in (1, 2, 3) for sock in by_slot[slot]):
            sock.close()
        until(lambda: opened(pm) == [10, 0, 0, 0], "only those of slot 0 are open")
        for _ in range(30):
            assert ask(port)[0] != 0
    until(lambda: opened(pm) == [0] * 4, "all are closed")
    pids = {ask(port)[1] for _ in range(8)}
    assert pids == set(pm.pids()), "equals take turns"


def test_connections_are_counted_in_list_describe_and_jlist(pm: Pm, port: int) -> None:
    start(pm, port, "least-connections")
    with ExitStack() as held:
        for _ in range(8):
            answer(held.enter_context(connected(port)))
        until(lambda: opened(pm) == [2] * 4, "two are open in each slot")
        workers = pm.workers("holding")
        assert [worker["pm"]["open"] for worker in workers] == [2] * 4
        assert [worker["pm"]["connections"] for worker in workers] == [2] * 4
        assert workers[0]["pm"]["scheduling"] == "least-connections"
        shown = pm("describe", "holding").out
        assert "least-connections" in shown
        assert "open" in shown


def test_describe_counts_the_connections_of_this_moment(pm: Pm, port: int) -> None:
    start(pm, port, "round-robin")
    for _ in range(3):
        for _ in range(8):
            ask(port)
        pm("describe", "holding")
    rows = [line.split("│") for line in pm("describe", "holding").out.splitlines() if "│" in line]
    assert [row[-3].strip() for row in rows] == ["served", "6", "6", "6", "6"]


def test_a_client_address_stays_with_its_slot(pm: Pm, port: int) -> None:
    start(pm, port, "source-hash")
    sources = [f"127.0.0.{last}" for last in range(1, 21)]
    home = {source: ask(port, source)[0] for source in sources}
    assert len(set(home.values())) >= 3, "the clients are spread"
    for _ in range(3):
        assert {source: ask(port, source)[0] for source in sources} == home
    victim = home[sources[0]]
    others = [source for source in sources if home[source] != victim]
    with connected(port, sources[0]) as sock:
        sock.sendall(b"GET /crash HTTP/1.1\r\nHost: test\r\n\r\n")
        assert sock.recv(1) == b""
    for source in others:
        assert ask(port, source)[0] == home[source], "a crash moves the clients of its slot only"
    until(lambda: pm.states("holding") == ["online"] * 4, "the crashed one is replaced")
    until(lambda: ask(port, sources[0])[0] == victim, "its clients are back")
    assert {source: ask(port, source)[0] for source in sources} == home
    before = pm.pids("holding")
    pm("reload", "holding")
    assert not set(before) & set(pm.pids("holding"))
    assert {source: ask(port, source)[0] for source in sources} == home


@pytest.mark.parametrize("app", ["threaded.py", "single.py", "uvicorn_server.py"])
def test_a_shared_listener_serves_and_reloads_without_a_failure(
    pm: Pm, port: int, app: str
) -> None:
    pm("start", APPS / app, "-i", 4, "--scheduling", "shared", "--", port)
    name = app.removesuffix(".py")
    before = set(pm.pids(name))
    with Load(port, clients=8) as load:
        load.more(200)
        assert set(load.answers) <= set(map(str, before))
        pm("reload", name)
        load.more(100)
    assert not load.failures
    after = set(pm.pids(name))
    assert not after & before
    assert set(map(int, load.answers)) - before <= after
    assert pm.app(name)["listeners"][0]["served"] == "shared"
    pm("stop", name)
    assert "SIGKILL" not in pm("describe", name).out, "no worker had to be killed"


def test_open_connections_are_counted_on_a_shared_listener_too(pm: Pm, port: int) -> None:
    start(pm, port, "shared")
    with ExitStack() as held:
        for _ in range(5):
            answer(held.enter_context(connected(port)))
        until(lambda: sum(opened(pm)) == 5, "five are open")
    until(lambda: opened(pm) == [0] * 4, "all are closed")


def test_children_that_a_worker_spawns_share_its_listener(pm: Pm, port: int) -> None:
    words = ("web:asgi", "--workers", 2, "--port", port, "--log-level", "warning")
    shared = ("--scheduling", "shared", "-i", 2)
    pm("start", "-m", "uvicorn", *shared, "--cwd", APPS, "--", *words)
    masters = set(map(str, pm.pids("uvicorn")))
    with Load(port) as load:
        pm("reload", "uvicorn")
    assert not load.failures
    assert not set(load.answers) & masters


def test_a_policy_changes_at_a_restart_of_the_file(pm: Pm, port: int, tmp_path: Path) -> None:
    file = tmp_path / "ecosystem.toml"
    table = f'[[apps]]\nname = "holding"\nscript = "{APPS / "holding.py"}"\nargs = ["{port}"]\n'
    file.write_text(table + "instances = 3\n")
    pm("start", file)
    slots = [ask(port)[0] for _ in range(6)]
    assert slots == slots[:3] * 2
    assert set(slots) == {0, 1, 2}
    file.write_text(table + 'instances = 3\nscheduling = "source-hash"\n')
    pm("start", file)
    assert len({ask(port)[0] for _ in range(6)}) == 1
    assert Counter(x["served"] for x in pm.app("holding")["listeners"]) == {"source-hash": 1}


def test_an_unknown_policy_is_refused_with_a_suggestion(pm: Pm, port: int, tmp_path: Path) -> None:
    script = APPS / "holding.py"
    result = pm("start", script, "--scheduling", "least-conections", "--", port, code=2)
    assert "did you mean `least-connections`?" in result.err
    file = tmp_path / "ecosystem.toml"
    file.write_text(f'[[apps]]\nscript = "{script}"\nscheduling = "round_robin"\n')
    assert "did you mean `round-robin`?" in pm("start", file, code=2).err


def test_a_closed_client_is_one_less(pm: Pm, port: int) -> None:
    pm("start", APPS / "tornado_server.py", "--", port)
    clients = [Client(port, keepalive=True) for _ in range(3)]
    for client in clients:
        client.get()
    until(lambda: pm.app("tornado_server")["workers"][0]["open"] == 3, "three are open")
    clients[0].close()
    until(lambda: pm.app("tornado_server")["workers"][0]["open"] == 2, "two are open")
    for client in clients[1:]:
        client.close()
