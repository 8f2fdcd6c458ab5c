"""multiprocessing (spawn): the parent listens, two children accept: PORT."""

import multiprocessing
import socket
import sys
import time

from talk import answer, pause


def work(server):
    while True:
        conn, _ = server.accept()
        with conn:
            time.sleep(pause(conn.recv(4096)))
            conn.sendall(answer())


if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=work, args=(server,), daemon=True) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
