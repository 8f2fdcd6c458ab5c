"""Answers with its pid, over TLS: KIND PORT. "listener" wraps the listening socket itself."""

import asyncio
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(Path(__file__).with_name("certificate.pem"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = str(os.getpid()).encode()
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def serve(port):
    server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=CONTEXT)
    await server.serve_forever()


def main(kind, port):
    if kind == "asyncio":
        return asyncio.run(serve(int(port)))
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.socket = CONTEXT.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main(*sys.argv[1:])
