"""test-cluster-primary-kill: workers end with their primary; here they finish first."""

import socket
import subprocess
import sys
import time

from checks import PATIENCE, alive, done

from pm import cluster


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


if len(sys.argv) == 1:  # a parent that outlives the primary
    primary = subprocess.Popen([sys.executable, __file__, "primary"], stdout=subprocess.PIPE)
    port, *pids = map(int, primary.stdout.readline().split())
    primary.stdout.close()
    client = socket.create_connection(("127.0.0.1", port), PATIENCE)
    client.sendall(b"GET / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 100")  # accepted, and a request has begun
    primary.kill()
    primary.wait()
    until(lambda: sum(map(alive, pids)) == 1, "the idle worker has ended")
    client.sendall(b"hi")
    with client, client.makefile("rb") as answer:
        assert answer.read().endswith(b"bye")
    until(lambda: not any(map(alive, pids)), "the other has ended")
    done()
elif cluster.is_primary:
    ports = []

    @cluster.on("listening")
    def note(_, address):
        ports.append(address.port)
        if len(ports) == 2:
            print(address.port, *(w.process.pid for w in cluster.workers.values()), flush=True)

    for _ in range(2):
        cluster.fork()
    cluster.run()
else:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    while True:
        conn, _ = sock.accept()
        assert conn.recv(1000).endswith(b"\r\n\r\n")
        conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert conn.recv(100) == b"hi"
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye")
        conn.close()
