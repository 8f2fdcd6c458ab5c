"""Serves its pid on a unix socket: PATH [WAY].

WAY `careful` removes the file before it binds and when it ends, as most servers do; `naive` does
neither, as socketserver; `renames` binds another name first, as sanic; `spawns` does so as well,
in the worker and again in the child that serves.
"""

import contextlib
import multiprocessing
import os
import secrets
import signal
import socketserver
import sys

PATH = sys.argv[1]
WAY = sys.argv[2] if len(sys.argv) > 2 else "careful"


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline():
            while self.rfile.readline().strip() != b"":
                pass
            body = b"%d" % os.getpid()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def server_bind(self):
        if WAY not in ("renames", "spawns"):
            return super().server_bind()
        name = f"{PATH}.{secrets.token_hex(4)}"
        self.socket.bind(name)
        os.chmod(name, 0o660)
        self.socket.listen()
        os.rename(name, PATH)
        self.server_address = PATH


def end(*_):
    sys.exit(0)


def serve():
    signal.signal(signal.SIGTERM, end)
    if WAY == "careful":
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PATH)
    server = Server(PATH, Handler)
    if WAY == "careful":
        os.chmod(PATH, 0o666)
    try:
        server.serve_forever()
    finally:
        if WAY == "careful":
            server.server_close()
            os.unlink(PATH)


def serve_by_a_child():
    Server(PATH, Handler)
    child = multiprocessing.get_context("spawn").Process(target=serve)
    child.start()
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    child.join()


if __name__ == "__main__":
    serve_by_a_child() if WAY == "spawns" else serve()
