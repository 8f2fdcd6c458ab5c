"""A pre-forking server whose children answer one request each: PORT."""

import os
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"

sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
sock.listen()
while True:
    child = os.fork()
    if child == 0:
        conn, _ = sock.accept()
        conn.recv(4096)
        body = str(os.getpid()).encode()
        conn.sendall(ANSWER % (len(body), body))
        conn.close()
        os._exit(0)
    os.waitpid(child, 0)
