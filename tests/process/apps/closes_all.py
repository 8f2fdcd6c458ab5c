"""Closes all it does not know, as daemons do, then answers each connection: PORT HOW."""

import errno
import os
import socket
import sys


def one_by_one(first, end):
    for fd in range(first, end):
        try:
            os.close(fd)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise


with open(os.devnull) as mine:
    number = os.dup2(mine.fileno(), 900)
{"closerange": os.closerange, "close": one_by_one}[sys.argv[2]](3, 4096)
try:
    os.fstat(number)
except OSError:
    print("closed", flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
