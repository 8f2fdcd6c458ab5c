"""A server with a version, to be changed while it runs."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = f"version {VERSION}, process {os.getpid():<7}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if not self.close_connection:
            self.send_header("Connection", "keep-alive")  # `ab -k` speaks HTTP/1.0
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Leave out the line a request."""


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
