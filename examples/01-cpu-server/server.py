"""A server that computes for each request: one Python process can use only one core."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def compute() -> int:
    return sum(number * number for number in range(100_000))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{compute()}, computed by process {os.getpid():<7}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Leave out the line a request."""


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    print(f"process {os.getpid()} serves on port {port}")
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
