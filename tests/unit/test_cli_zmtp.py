"""The client's ZMTP against the real libzmq."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from cli.zmtp import Closed, Peer

Bind = Callable[[int, Path], "zmq.Socket[bytes]"]


@pytest.fixture
def bind() -> Iterator[Bind]:
    """Bind sockets of libzmq, and close them all."""
    with zmq.Context() as context, contextlib.ExitStack() as stack:

        def make(kind: int, path: Path) -> zmq.Socket[bytes]:
            sock = stack.enter_context(context.socket(kind))
            sock.setsockopt(zmq.RCVTIMEO, 10_000)
            sock.setsockopt(zmq.LINGER, 0)
            sock.bind(f"ipc://{path}")
            return sock

        yield make


def dial(path: Path, kind: str) -> Peer:
    """Connect to the path, with a deadline for every wait."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    sock.settimeout(10)
    return Peer(sock, kind)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 70_000, 3_000_000])
def test_a_request_and_its_answer(bind: Bind, tmp_path: Path, size: int) -> None:
    router = bind(zmq.ROUTER, tmp_path / "rpc")
    peer = dial(tmp_path / "rpc", "REQ")
    payload = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    # Large messages need both sides at work: neither fits the kernel's buffer.
    sender = threading.Thread(target=peer.request, args=(payload,))
    sender.start()
    identity, empty, got = router.recv_multipart()
    sender.join()
    assert (empty, got) == (b"", payload)
    router.send_multipart([identity, b"", got[::-1]])
    assert peer.reply() == payload[::-1]
    peer.close()


def test_several_requests_over_one_connection(bind: Bind, tmp_path: Path) -> None:
    router = bind(zmq.ROUTER, tmp_path / "rpc")
    peer = dial(tmp_path / "rpc", "REQ")
    for number in range(3):
        peer.request(b"%d" % number)
        router.send_multipart(router.recv_multipart())
        assert peer.reply() == b"%d" % number
    peer.close()


def test_a_subscription_gets_its_topic_only(bind: Bind, tmp_path: Path) -> None:
    publisher = bind(zmq.XPUB, tmp_path / "events")
    peer = dial(tmp_path / "events", "SUB")
    peer.subscribe("event.")
    assert publisher.recv() == b"\x01event."
    publisher.send_multipart([b"progress.1", b"no"])
    publisher.send_multipart([b"event.web", b"yes"])
    assert peer.receive() == [b"event.web", b"yes"]
    peer.close()


def test_the_end_of_the_peer_is_an_error(bind: Bind, tmp_path: Path) -> None:
    router = bind(zmq.ROUTER, tmp_path / "rpc")
    peer = dial(tmp_path / "rpc", "REQ")
    peer.request(b"?")
    router.recv_multipart()
    router.close(linger=0)
    with pytest.raises(Closed):
        peer.reply()
    peer.close()


@pytest.mark.parametrize("hello", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 64])
def test_somebody_who_does_not_speak_zmtp(hello: bytes) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(hello)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(Closed):
        Peer(ours, "REQ")
    ours.close()
    theirs.close()


def test_a_silent_peer_is_a_timeout() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.05)
    with pytest.raises(TimeoutError):
        Peer(ours, "REQ")
    ours.close()
    theirs.close()
