"""os.fork after listen(), as the books have it: PORT."""

import os
import signal
import socket
import sys
import time

from talk import answer, pause


def work():
    while True:
        conn, _ = server.accept()
        with conn:
            time.sleep(pause(conn.recv(4096)))
            conn.sendall(answer())


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
children = []
for _ in range(2):
    pid = os.fork()
    if not pid:
        work()
    children.append(pid)


def stop(*_):
    for pid in children:
        os.kill(pid, signal.SIGTERM)
    sys.exit()


signal.signal(signal.SIGTERM, stop)
while True:
    os.wait()
