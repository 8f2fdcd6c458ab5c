"""What threads of a worker do at once: each test lets another go on between two lines of one."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from mmap import mmap
from types import SimpleNamespace
from typing import Any

import pytest

from pm.worker import board, forks, here, hooks
from pm.worker.link import RAW
from pm.worker.messages import callbacks, mail, mailbox
from pm.worker.sockets import listening, taking, talking, waiting
from pm.worker.sockets.connection import Connection
from pm.worker.sockets.conversation import OPEN

MOMENT = 0.1
"""Seconds that one who has to wait for another is given to do so."""


class Link:
    """The line to a master that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.boards: list[mmap] = []
        self.on_hear: Callable[[], None] = lambda: None

    def tell(self, message: dict[str, Any], fds: list[int], _: bytes = b"") -> None:
        """Take note of a message, and map the board that comes with it."""
        self.told.append(message)
        self.boards += map(board.attach, fds)

    def ask(self, message: dict[str, Any], _: list[int]) -> tuple[dict[str, Any], list[int]]:
        """Take note of a question."""
        if message["do"] == "hear":
            self.on_hear()
        self.told.append(message)
        return {}, []

    def all(self, verb: str) -> list[dict[str, Any]]:
        """Return what was told of one kind."""
        return [message for message in self.told if message["do"] == verb]


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Link:
    link = Link()
    monkeypatch.setattr(here, "link", link)
    monkeypatch.setattr(here, "page", None)
    monkeypatch.setattr(here, "has_children", False)
    return link


@pytest.fixture
def page(link: Link) -> mmap:
    page = here.own_page()
    assert page is not None
    assert len(link.boards) == 1
    return page


@pytest.fixture
def pair(page: mmap) -> Iterator[tuple[Connection, socket.socket]]:
    """A followed connection, and its peer."""
    ours, peer = socket.socketpair()
    conn = Connection(ours.family, ours.type, 0, fileno=ours.detach())
    conn.watch("key", b"")
    assert page[conn.fileno()] == OPEN
    yield conn, peer
    conn.close()
    peer.close()


def at_once(target: Callable[[], object]) -> threading.Thread:
    """Run something in another thread; return when it has ended, or waits for us."""
    thread = threading.Thread(target=target)
    thread.start()
    thread.join(MOMENT)
    return thread


def first_time(monkeypatch: pytest.MonkeyPatch, target: Callable[[], object]) -> list[Any]:
    """Let another thread do something while this one makes its first board."""
    create, threads = board.create, list[Any]()

    def creates() -> int:
        if not threads:
            threads.append(None)
            threads[0] = at_once(target)
        return create()

    monkeypatch.setattr(board, "create", creates)
    return threads


def test_a_connection_under_the_number_of_one_that_closes_stays_shown(
    monkeypatch: pytest.MonkeyPatch, page: mmap, pair: tuple[Connection, socket.socket]
) -> None:
    """Another thread accepts it as soon as the number is free."""
    old, peer = pair
    slot, found = old.fileno(), []

    def close(sock: RAW) -> None:
        RAW.close(sock)
        new = Connection(peer.family, peer.type, 0, fileno=os.dup2(peer.fileno(), slot))
        new.watch("key", b"")
        found.append(new)

    monkeypatch.setattr(talking, "RAW", SimpleNamespace(fileno=RAW.fileno, close=close))
    old.close()
    monkeypatch.undo()
    assert page[slot] == OPEN
    found[0].detach()
    os.close(slot)


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_a_read_of_a_connection_that_another_thread_ends_finds_the_end(
    monkeypatch: pytest.MonkeyPatch,
    pair: tuple[Connection, socket.socket],
    timeout: float | None,
) -> None:
    conn, _ = pair
    conn.settimeout(timeout)
    with open("/dev/null") as never:
        monkeypatch.setattr(here, "drain_fd", never.fileno())

        def ended(*_: object) -> None:
            conn.shutdown(socket.SHUT_RDWR)
            conn.close()

        monkeypatch.setattr(waiting, "wait", ended)
        assert conn.recv(100) == b""


def test_a_brief_read_of_a_connection_that_another_thread_ends_finds_the_end(
    pair: tuple[Connection, socket.socket],
) -> None:
    conn, _ = pair

    def read(sock: Connection, *args: Any) -> bytes:
        sock.shutdown(socket.SHUT_RDWR)
        data = RAW.recv(sock, *args)
        sock.close()
        return data

    assert waiting.read_briefly(conn, read, (100,)) == b""


def test_a_closed_connection_is_read_as_any_closed_socket(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[Connection, socket.socket]
) -> None:
    conn, _ = pair
    conn.settimeout(30.0)
    conn.close()
    with open("/dev/null") as never:
        monkeypatch.setattr(here, "drain_fd", never.fileno())
        with pytest.raises(OSError, match="Bad file descriptor"):
            conn.recv(100)


def test_a_thread_that_takes_a_connection_is_shown_while_another_finds_none(page: mmap) -> None:
    """Both accept from one listener; the first has to wait for the interpreter's lock."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"C")

        def find_none() -> None:
            with taking.Shown() as shown, pytest.raises(BlockingIOError):
                shown.receive(ours)

        with taking.Shown() as shown:
            assert shown.receive(ours)[0] == b"C"
            at_once(find_none).join()
            assert board.is_busy_elsewhere(page)
        assert not board.is_busy_elsewhere(page)


def test_threads_that_need_a_board_at_once_have_the_one_that_the_master_knows(
    monkeypatch: pytest.MonkeyPatch, link: Link
) -> None:
    """The other has seen that there is none, and is slow to make it."""
    create, tell = board.create, link.tell
    told = threading.Event()
    other = threading.Thread(target=here.own_page)

    def creates() -> int:
        if threading.current_thread() is other:
            told.wait()
        else:
            other.start()
            other.join(MOMENT)
        return create()

    def tells(message: dict[str, Any], fds: list[int]) -> None:
        if threading.current_thread() is not other:
            told.set()
            other.join(MOMENT)
        tell(message, fds)

    monkeypatch.setattr(board, "create", creates)
    monkeypatch.setattr(link, "tell", tells)
    here.own_page()
    other.join()
    page = here.own_page()
    assert page is not None
    page[7] = OPEN
    assert link.boards[-1][7] == OPEN


def test_threads_that_fork_at_once_give_each_child_its_own_board(
    monkeypatch: pytest.MonkeyPatch, link: Link, pair: tuple[Connection, socket.socket]
) -> None:
    assert pair[0] in talking.living()
    around = forks.Forks()

    def fork() -> None:
        around._before()
        link.tell({"do": "child", "board": -around._count}, [])  # as the child says
        around._in_parent()

    link.told.clear()
    threads = first_time(monkeypatch, fork)
    fork()
    threads[0].join()
    assert len({message["pid"] for message in link.all("board")}) == 2
    assert [m["board"] for m in link.all("child")] == [m["pid"] for m in link.all("board")]


def test_an_end_while_a_thread_closes_a_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[int, Any] = {}
    closed = []

    def close() -> None:
        closed.append(1)
        known.pop(2, None)

    known.update(dict.fromkeys((1, 2), SimpleNamespace(close=close)))
    monkeypatch.setattr(listening, "_by_inode", known)
    listening.leave()
    assert closed == [1, 1]


def test_a_drain_while_a_hook_is_registered_is_not_waited_for_in_vain(
    monkeypatch: pytest.MonkeyPatch, link: Link
) -> None:
    """The master waits for the word after the hook: said before that, it would never come."""
    threads = []
    monkeypatch.setattr(mail, "_state", mail._State())
    monkeypatch.setattr(mailbox.Mailbox, "_run", lambda _: None)
    link.on_hear = lambda: threads.append(at_once(mail._drain))
    mail.on_stop(lambda: None)
    threads[0].join()
    assert [message["do"] for message in link.told] == ["mailbox", "hear", "stopped"]
    assert mail._state.box is not None
    mail._state.box.close()


def test_modules_that_threads_import_at_once_are_adapted_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook, found = hooks.ImportHook(), dict[str, Any]()

    def find_spec(name: str, *_: object) -> Any:
        if name == "uvloop":
            at_once(lambda: found.update(ssl=hook.find_spec("ssl"))).join()
        elif name == "trio._socket":  # a finder that asks all others itself
            assert hook.find_spec(name) is None
        return SimpleNamespace(loader=SimpleNamespace(exec_module=None))

    monkeypatch.setattr(sys, "meta_path", [hook, SimpleNamespace(find_spec=find_spec)])
    for name in ("uvloop", "trio._socket"):
        found[name] = hook.find_spec(name)
    assert all(spec is not None and spec.loader.exec_module for spec in found.values())


def test_a_loop_that_ends_while_another_begins_does_not_stop_the_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message was left with the one that ended, and the callback has gone to the next."""
    callback = callbacks.Callback(lambda _: None)
    then: list[BaseException | None] = []

    def leave_it(_: object) -> None:
        callback.loop = SimpleNamespace(is_closed=lambda: not waits)

    waits = [True]
    callback.loop = SimpleNamespace(is_closed=lambda: True, call_soon_threadsafe=leave_it)
    monkeypatch.setattr(callbacks, "_PATIENCE", 0.001)
    thread = at_once(lambda: callback.call((1,), lambda _, error: then.append(error)))
    delivers = not thread.is_alive()
    waits.clear()
    thread.join()
    assert delivers
    assert [str(error) for error in then] == ["the event loop is closed"]
