"""A bare socket, a thread a connection: PORT."""

import socket
import sys
import threading
import time

from talk import answer, pause


def serve(conn):
    with conn:
        time.sleep(pause(conn.recv(4096)))
        conn.sendall(answer())


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    conn, _ = server.accept()
    threading.Thread(target=serve, args=(conn,)).start()
