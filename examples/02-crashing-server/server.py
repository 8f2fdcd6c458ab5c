"""A server that dies at random, one to five seconds after it began."""

import os
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"still here, in process {os.getpid():<7}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Leave out the line a request."""


def crash() -> None:
    print(f"process {os.getpid()} dies of a bug", file=sys.stderr)
    os._exit(1)


if __name__ == "__main__":
    bug = threading.Timer(random.uniform(1, 5), crash)
    bug.daemon = True
    bug.start()
    port = int(os.environ.get("PORT", "8000"))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
