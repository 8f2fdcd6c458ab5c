"""Tries a port before it binds it for good, as some programs do: PORT GATE.

At each of its steps it says so to GATE, a port of the test, and waits to be let on.
"""

import os
import socket
import sys

PORT, GATE = int(sys.argv[1]), int(sys.argv[2])
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
gate = socket.create_connection(("127.0.0.1", GATE))


def step():
    gate.sendall(b".")
    gate.recv(1)


def bound():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", PORT))
    return sock


gate.sendall(os.environ["PM_SLOT"].encode())
step()
tried = bound()
step()
tried.close()
sock = bound()
step()
sock.listen()
while True:
    conn, _ = sock.accept()
    conn.recv(4096)
    body = str(os.getpid()).encode()
    conn.sendall(ANSWER % (len(body), body))
    conn.close()
