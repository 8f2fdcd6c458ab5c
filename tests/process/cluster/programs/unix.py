"""test-cluster-http-pipe: a server on a unix socket in a worker, and one beside TCP."""

import asyncio
import os

from checks import Record, done, until

from pm import cluster

PATH = os.path.abspath("unix.sock")


async def main():
    record = Record()
    async with cluster:
        cluster.fork()
        await until(lambda: record.of("message"), "it serves")
        reader, writer = await asyncio.open_unix_connection(PATH)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        assert answer.endswith(b"from ''"), answer
        writer.close()
        (told,) = record.of("listening")
        assert (told[2].address_type, told[2].address, told[2].port) == (-1, PATH, -1)
    assert record.of("exit") == [("exit", 1, 0, None)]
    done()


def serve():
    import http.server
    import socketserver

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"from {self.client_address!r}".encode())

        def log_message(self, *args):
            pass

    with socketserver.ThreadingUnixStreamServer(PATH, Handler) as server:
        cluster.worker.send("serves")
        server.serve_forever()


if cluster.is_primary:
    asyncio.run(main())
else:
    serve()
