"""What the programs of these tests share: a record of events, servers, clients."""

import asyncio
import http.server
import os
import socket
import sys
import threading

from pm import cluster

PATIENCE = 15.0


class Record:
    """All events of the cluster, in order: (event, id of the worker, *more)."""

    def __init__(self) -> None:
        self.all = []
        for name in ("fork", "online", "listening", "message", "disconnect", "exit"):
            cluster.on(name, lambda worker, *more, name=name: self._add(name, worker, more))

    def _add(self, name, worker, more):
        self.all.append((name, worker.id, *more))

    def of(self, *names):
        """Return the events with these names."""
        return [entry for entry in self.all if entry[0] in names]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the worker's id."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(cluster.worker.id).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve_http(port=0, host="127.0.0.1", server=http.server.ThreadingHTTPServer):
    """Serve until told to stop."""
    server((host, port), Handler).serve_forever()


def listener(port=0, host="127.0.0.1"):
    """Return a listening socket."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen()
    return sock


def free_port():
    """Return a port that nobody has bound."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def serve_ids(sock):
    """Answer each connection with the worker's id."""
    while True:
        conn, _ = sock.accept()
        with conn:
            conn.sendall(str(cluster.worker.id).encode())


async def ask(port, host="127.0.0.1"):
    """Return what a server says to a connection that says nothing."""
    reader, writer = await asyncio.open_connection(host, port)
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def until(condition, what):
    """Wait until a condition holds."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE
    while not condition():
        assert clock() < deadline, what
        await asyncio.sleep(0.005)


def port_of(record):
    """Return the port that the first listening worker has."""
    return record.of("listening")[0][2].port


def in_threads(count, work):
    """Run something in threads, and return their results once all have ended."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def raised(call, *args, **kwargs):
    """Return what a call raises, None if it does not."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        return error
    return None


def alive(pid):
    """Say whether a process runs."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def done():
    """Say that all checks have passed; the last thing that a primary does."""
    print(f"passed {os.path.basename(sys.argv[0])}")
