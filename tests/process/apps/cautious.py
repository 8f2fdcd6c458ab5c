"""Looks before it listens, and again before it serves: PORT OTHER. Answers with what it saw."""

import socket
import sys

import portend


def look(port):
    try:
        portend.Checker().assert_free("127.0.0.1", port)
    except portend.PortNotFree:
        return "occupied"
    return "free"


port, other = map(int, sys.argv[1:])
seen = [look(port), look(other)]
sock = socket.create_server(("127.0.0.1", port))
seen.append(look(port))
body = " ".join(seen).encode()
while True:
    conn, _ = sock.accept()
    with conn:
        conn.recv(4096)
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
