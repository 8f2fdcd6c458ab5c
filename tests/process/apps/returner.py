"""Serves COUNT connections once each, then gives all back in one go and dies: PORT COUNT.

A worker of the next generation, told by the file SERVED, goes on serving: PORT COUNT SERVED.
"""

import os
import select
import socket
import sys

PORT, COUNT, SERVED = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
REPLY = ANSWER % (len(str(os.getpid())), str(os.getpid()).encode())

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", PORT))
listener.listen()
connections = []
if os.path.exists(SERVED):
    while True:
        ready, _, _ = select.select([listener, *connections], [], [])
        for sock in ready:
            if sock is listener:
                connections.append(listener.accept()[0])
            elif sock.recv(4096):
                sock.sendall(REPLY)
            else:
                connections.remove(sock)
for _ in range(COUNT):
    conn, _ = listener.accept()
    conn.recv(4096)
    conn.sendall(REPLY)
    connections.append(conn)
open(SERVED, "w").close()
for conn in connections:
    conn.recv(4096)  # the first one waits for the drain; then each is given back at once
os._exit(0)
