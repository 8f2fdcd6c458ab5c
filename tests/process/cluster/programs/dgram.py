"""test-cluster-dgram-1, -2, -ipv6only, -reuse, -reuseport; dgram-cluster-bind-error,
child-index-dgram, disconnect-unshared-udp: workers read from one UDP socket, and send from it."""

import errno
import os
import socket
import time

from checks import Record, done, free_port, raised

from pm import cluster

WORKERS, PACKETS = 4, 40


def datagram(port, host="127.0.0.1", *options):
    """Return a UDP socket, bound."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    for option in options:
        sock.setsockopt(*option, 1)
    sock.bind((host, port))
    return sock


REUSE = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
REUSE_PORT = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
ONLY_6 = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def shares():
    """Answer packets with this worker's id."""
    sock = datagram(PORT)
    while True:
        peer = sock.recvfrom(100)[1]
        sock.sendto(str(cluster.worker.id).encode(), peer)


def families():
    """The same port for udp4 and udp6."""
    if socket.has_ipv6:
        with datagram(PORT, "::", ONLY_6), datagram(PORT, "0.0.0.0"):
            pass


def twice():
    """A second socket on the port is refused, unless both have SO_REUSEADDR, or _REUSEPORT."""
    with datagram(PORT, "127.0.0.1", REUSE_PORT), datagram(PORT, "127.0.0.1", REUSE_PORT):
        pass
    with datagram(PORT), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        error = raised(sock.bind, ("127.0.0.1", PORT))
        assert error.errno == errno.EADDRINUSE, error
    with datagram(PORT, "127.0.0.1", REUSE), datagram(PORT, "127.0.0.1", REUSE) as second:
        second.sendto(b"to the last that was bound", second.getsockname())
        assert second.recv(100).startswith(b"to the last")


def any_port():
    """Two on port 0 are two ports, also if one of them is closed in between."""
    with datagram(0) as first:
        datagram(0).close()
        with datagram(0) as second:
            assert first.getsockname() != second.getsockname()


def unshared():
    """Nothing is bound; a packet is sent all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", ("127.0.0.1", PORT))
    time.sleep(60)


def all_answer(record):
    """Each packet is answered, by one that is no other's; the workers take turns as they like."""
    told = record.of("listening")
    assert len(told) == WORKERS, told
    assert {(a.address_type, a.address, a.port) for _, _, a in told} == {("udp4", HOST, port)}
    assert all(worker.state == "listening" for worker in cluster.workers.values())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(15)
        client.connect((HOST, port))
        for _ in range(PACKETS):
            client.send(b"?")
        answers = [int(client.recv(100)) for _ in range(PACKETS)]
    assert set(answers) <= set(cluster.workers), answers
    cluster.disconnect()


HOST = "127.0.0.1"
if cluster.is_worker:
    PORT = int(os.environ["PORT"])
    globals()[os.environ["SCENE"]]()
else:
    port = free_port()
    for scene in (families, twice, any_port):
        record = Record()
        cluster.fork({"SCENE": scene.__name__, "PORT": port})
        cluster.run()
        assert record.of("exit")[-1][2:] == (0, None), scene.__name__
    idle = cluster.fork({"SCENE": "unshared", "PORT": port})
    idle.on("online", lambda: idle.disconnect())
    cluster.run()
    assert (idle.process.exit_code, idle.process.signal_code) == (0, None)
    record = Record()
    cluster.on("listening", lambda: len(record.of("listening")) == WORKERS and all_answer(record))
    for _ in range(WORKERS):
        cluster.fork({"SCENE": "shares", "PORT": port})
    cluster.run()
    assert {entry[2:] for entry in record.of("exit")} == {(0, None)}
    with datagram(port):  # it is free
        pass
    done()
