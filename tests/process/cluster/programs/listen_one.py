"""What one worker meets when it listens, under both policies. -bind-privileged-port,
-shared-handle-bind-error (errors), -eaddrinuse, -eaccess, -child-index-net, -net-listen,
-net-listen-backlog, -ipv6only-*, -net-reuseport, -rr-domain-listen, -process-disconnect,
-ipc-throw, -invalid-message, -worker-handle-close, -worker-disconnect-on-error, -shared-leak."""

import contextlib
import errno
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from checks import Record, done, listener

from pm import cluster


def number_of(call):
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "no error"


def hear(sock):
    """Connect to a listener of this worker and accept that."""
    name = sock.getsockname()
    with socket.socket(sock.family) as client:
        client.settimeout(10)
        client.connect(name)
        conn, _ = sock.accept()
        conn.close()
        return client.recv(1) == b""


def errors():
    """A bind that fails says why, and the socket can be tried again elsewhere."""
    with socket.socket() as sock:
        assert number_of(lambda: sock.bind(("192.0.2.1", 8))) == "EADDRNOTAVAIL"
    with socket.socket() as held, socket.socket() as sock:
        held.bind(("127.0.0.1", 0))
        # port 0 stays local until it listens: the port is another program's for the master
        assert number_of(lambda: sock.bind(held.getsockname())) == "EADDRINUSE"
        name = held.getsockname()
        held.close()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(name)
        sock.listen()
        assert hear(sock)


def taken_path():
    """A unix path in use."""
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as sock:
        path = os.path.join(os.getcwd(), f"taken-{cluster.worker.id}")
        os.close(os.open(path, os.O_CREAT))
        assert number_of(lambda: sock.bind(path)) == "EADDRINUSE"
        other.close()


def indexes():
    """Two on port 0 are two ports; one closed gives way to the next."""
    first, second = listener(), listener()
    assert first.getsockname()[1] != second.getsockname()[1]
    first.close()
    third = listener()
    assert third.getsockname()[1] != second.getsockname()[1]
    assert hear(second)
    assert hear(third)
    second.close()
    third.close()


def twice():
    """The same fixed port twice in one worker is refused, and free again once closed."""
    with listener() as sock:
        port = sock.getsockname()[1]
    with listener(port) as sock:
        with socket.socket() as again:
            assert number_of(lambda: again.bind(("127.0.0.1", port))) == "EADDRINUSE"
        assert hear(sock)
    with listener(port) as sock:
        assert sock.getsockname()[1] == port
        assert hear(sock)


def nowhere():
    """listen() without bind()."""
    with socket.socket() as sock:
        sock.listen()
        assert sock.getsockname()[1] > 0
        with socket.create_connection(("127.0.0.1", sock.getsockname()[1]), 10):
            sock.accept()[0].close()


def backlog():
    """The kernel's backlog is as asked for, and no less than 4096 (as far as it allows)."""
    with listener() as sock, open("/proc/sys/net/core/somaxconn") as most:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        assert struct.unpack_from("I", raw, 28)[0] == min(4096, int(most.read()))


def ipv6():
    """`::` takes IPv4 too unless it is told not to; then the IPv4 port is free."""
    if not socket.has_ipv6 or number_of(lambda: listener6("::1", True).close()) != "no error":
        return
    with listener6("::", False) as both:
        port = both.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 10):
            both.accept()[0].close()
    with listener6("::", True) as six:
        port = six.getsockname()[1]
        with listener(port, "0.0.0.0") as four:
            with socket.create_connection(("127.0.0.1", port), 10):
                four.accept()[0].close()
            with socket.create_connection(("::1", port), 10):
                six.accept()[0].close()


def listener6(host, only):
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    sock.bind((host, 0))
    sock.listen()
    return sock


def reuse_port():
    """Two servers on one port, by SO_REUSEPORT."""
    with socket.socket() as first, socket.socket() as second:
        name = ("127.0.0.1", 0)
        for sock in (first, second):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(name)
            name = sock.getsockname()
        first.listen()
        assert number_of(second.listen) in ("no error", "EADDRINUSE")


def in_thread():
    """listen() and accept() in a thread."""
    results = []

    def serve():
        with listener() as sock:
            results.append(hear(sock))

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert results == [True]


def nonsense():
    """What the master does not understand is ignored; the line goes on."""
    link = sys.modules["pm"].worker.here.link
    for body in ({"do": "no such thing"}, {"do": "close", "key": 7}, {"do": "online"}, {}):
        link.tell(body, [])
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.bind(("192.0.2.1", 8))
    with listener() as sock:
        assert hear(sock)


def closed():
    """A connection after close() reaches nobody; the port is free soon, and can be had again."""
    with listener() as sock:
        name = sock.getsockname()
        assert hear(sock)
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            with socket.create_connection(name, 10):
                time.sleep(0.01)
    with listener(name[1]) as sock:
        assert hear(sock)


def leaves_on_error():
    """A worker that cannot listen leaves of its own accord."""
    with socket.socket() as sock:
        assert number_of(lambda: sock.bind(("192.0.2.1", 8))) == "EADDRNOTAVAIL"
    cluster.worker.disconnect()
    time.sleep(60)


SCENES = [
    errors, taken_path, indexes, twice, nowhere, backlog, ipv6, reuse_port, in_thread, nonsense,
    closed, leaves_on_error,
]  # fmt: skip


def main(policy):
    """Run all scenes, one after the other: two at a time would share their port 0."""
    policies = {"rr": cluster.SCHED_RR, "none": cluster.SCHED_NONE}
    assert cluster.scheduling_policy == policies[policy]
    record = Record()
    for scene in SCENES if policy == "rr" else [errors, indexes, twice, closed, leaves_on_error]:
        cluster.fork({"SCENE": scene.__name__})
        cluster.run()
        assert record.of("exit")[-1][2:] == (0, None), scene.__name__


if cluster.is_worker:
    globals()[os.environ["SCENE"]]()
elif len(sys.argv) > 1:
    main(sys.argv[1])
else:
    for policy in ("rr", "none"):
        environ = {**os.environ, "PM_CLUSTER_SCHED_POLICY": policy}
        words = [sys.executable, *sys.orig_argv[1:-1], __file__, policy]
        subprocess.run(words, env=environ, check=True)
    done()
