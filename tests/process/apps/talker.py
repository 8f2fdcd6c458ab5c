"""A threaded line-by-line server over keep-alive connections: PORT [WAY].

Each answer is the pid and the request's body. WAY is what it does besides:
`farewell` says 408 at the end of file by every means; `timeout` sets one at the first request;
`late` sets non-blocking at the end of file and prints what the connection then is; `dup` and
`dontwait` answer a second time, with what these gave on the idle connection.
"""

import os
import socket
import socketserver
import sys
import tempfile

FAREWELL = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
WAY = sys.argv[2] if len(sys.argv) > 2 else ""


def said(action, *args):
    try:
        return f"{action(*args)!r}"
    except OSError as error:
        return type(error).__name__


def send_file(conn):
    with tempfile.TemporaryFile() as file:
        file.write(FAREWELL)
        file.flush()
        os.sendfile(conn.fileno(), file.fileno(), 0, len(FAREWELL))


def part(conn):
    """Do what is done at the end of file."""
    if WAY == "farewell":
        means = [
            said(conn.send, FAREWELL),
            said(conn.sendall, FAREWELL),
            said(conn.sendmsg, [FAREWELL]),
            said(conn.sendto, FAREWELL, conn.getpeername()),
            said(send_file, conn),
        ]
        print(*means)
    elif WAY == "late":
        conn.settimeout(5)
        conn.setblocking(False)
        print("blocking" if os.get_blocking(conn.fileno()) else "non-blocking")


def copied(conn):
    """Say whether a copy of a connection is one."""
    with conn.dup() as copy:
        return copy.getpeername() == conn.getpeername() and copy.fileno() != conn.fileno()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            if WAY == "timeout" and line.startswith(b"GET"):
                self.connection.settimeout(5)
            try:
                body = self.rfile.read(length) if length else b""
            except OSError as error:
                body = type(error).__name__.encode()
            self.answer(b"%d %s" % (os.getpid(), body))
            if WAY == "dup":
                self.answer(f"{os.getpid()} {copied(self.connection)}".encode())
            elif WAY == "dontwait":
                said_of = said(self.connection.recv, 1, socket.MSG_DONTWAIT)
                self.answer(f"{os.getpid()} {said_of}".encode())
        part(self.connection)

    def answer(self, body):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
