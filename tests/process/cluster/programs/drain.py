"""test-cluster-worker-no-exit, -worker-wait-server-close, -disconnect (with clients): what a worker
has accepted it finishes, its disconnect comes after that; here that is bounded."""

import asyncio
import os
import time

from checks import Record, done, port_of, until

from pm import cluster


async def request(port, first):
    """Begin a request; returns what reads its answer, or raises."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    await writer.drain()
    return reader, writer


async def finishes():
    """A request under way is answered; the worker stays as long, and leaves then."""
    record = Record()
    worker = cluster.fork({"KIND": "http"})
    await until(lambda: worker.state == "listening", "it listens")
    port = port_of(record)
    reader, writer = await request(port, b"GET /slow HTTP/1.1\r\n")
    await until(lambda: record.of("message"), "the request has begun")
    worker.disconnect()
    await asyncio.sleep(0.2)
    assert worker.is_connected()
    assert not worker.is_dead()
    try:
        await asyncio.open_connection("127.0.0.1", port)
        refused = False
    except OSError:
        refused = True
    writer.write(b"\r\n")
    answer = await reader.read()
    assert answer.endswith(b"done"), answer
    writer.close()
    await until(lambda: worker.is_dead(), "it leaves")
    assert record.of("exit")[-1][2:] == (0, None)
    assert refused in (True, False)  # the port stays while others might serve it


async def is_bounded():
    """A client that never ends does not hold it up for longer than kill_timeout."""
    record = Record()
    cluster.setup_primary(kill_timeout=1)
    worker = cluster.fork({"KIND": "http"})
    await until(lambda: worker.state == "listening", "it listens")
    reader, writer = await request(port_of(record), b"GET /slow HTTP/1.1\r\n")
    await until(lambda: record.of("message"), "the request has begun")
    begun = time.monotonic()
    outcome = cluster.disconnect()
    await outcome
    await until(lambda: worker.is_dead(), "it leaves")
    assert time.monotonic() - begun >= 1
    assert record.of("exit")[-1][2:] == (0, None)
    assert await reader.read() == b""
    writer.close()


async def stubborn():
    """One that ignores the stop signal is killed, with what it has started."""
    record = Record()
    cluster.setup_primary(kill_timeout=0.3)
    worker = cluster.fork({"KIND": "stubborn"})
    await until(lambda: record.of("message"), "it is there")
    child = record.of("message")[0][2]
    worker.disconnect()
    await until(lambda: worker.is_dead(), "it is killed")
    assert record.of("exit")[-1][2:] == (None, "SIGKILL")
    assert worker.exited_after_disconnect is True
    await until(lambda: not os.path.exists(f"/proc/{child}"), "its child is gone too")


async def main():
    async with cluster:
        for scene in (finishes, is_bounded, stubborn):
            await scene()
    done()


def serve():
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def parse_request(self):
            cluster.worker.send("begun")
            return super().parse_request()

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, *args):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler).serve_forever()


def ignore():
    import signal
    import subprocess

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "60"])
    cluster.worker.send(child.pid)
    while True:
        time.sleep(60)


if cluster.is_primary:
    asyncio.run(main())
else:
    {"http": serve, "stubborn": ignore}[os.environ["KIND"]]()
