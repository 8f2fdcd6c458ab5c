"""A server that shows a number: what the examples here have in common."""

import http.server
import os
from collections.abc import Callable


def serve(users: Callable[[], object]) -> None:
    """Answer each request with the number of users and the worker's pid."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{users()} users, says {os.getpid()}\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the log for the database."""

    port = int(os.environ.get("PORT", "8000"))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
