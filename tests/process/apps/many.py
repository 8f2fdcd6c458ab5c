"""Listens on addresses of one port until that is refused, says on how many, and serves: PORT."""

import errno
import os
import select
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
PID = str(os.getpid()).encode()

listeners = []
for at in range(253):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((f"127.0.1.{at}" if at else "127.0.0.1", int(sys.argv[1])))
    except OSError as error:
        print(at, errno.errorcode[error.errno])
        sock.close()
        break
    sock.listen()
    sock.setblocking(False)
    listeners.append(sock)
while True:
    for sock in select.select(listeners, [], [])[0]:
        try:
            conn, _ = sock.accept()
        except BlockingIOError:
            continue
        conn.recv(4096)
        conn.sendall(ANSWER % (len(PID), PID))
        conn.close()
