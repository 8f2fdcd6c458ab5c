"""Closes all it does not know, as daemons do, then answers each connection: PORT."""

import os
import socket
import sys

with open(os.devnull) as mine:
    number = os.dup2(mine.fileno(), 900)
os.closerange(3, 4096)
try:
    os.fstat(number)
except OSError:
    print("closed", flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
