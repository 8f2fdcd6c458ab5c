"""Answers with its pid, over TLS: KIND PORT FILE. "listener" wraps the listening socket itself.

/held is answered when FILE is there, FILE.held says that it has been read; /large is followed by
LARGE bytes of nothing.
"""

import asyncio
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGE = 1 << 22
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(Path(__file__).with_name("certificate.pem"))
KIND, PORT, FILE = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])


def hold(path):
    if path == "/held":
        FILE.with_suffix(".held").touch()
        while not FILE.exists():
            time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        hold(self.path)
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.to_thread(hold, head.split()[1].decode())
            body = str(os.getpid()).encode()
            if b" /large " in head:
                body += bytes(LARGE)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            if b" HTTP/1.0\r\n" in head:
                break
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()


async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", PORT, ssl=CONTEXT)
    await server.serve_forever()


if KIND == "asyncio":
    asyncio.run(serve())
server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
server.socket = CONTEXT.wrap_socket(server.socket, server_side=True)
server.serve_forever()
