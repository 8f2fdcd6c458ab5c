"""Counts visits by name: each name is counted by the one worker that owns it.

pm start server.py -i 4
"""

import http.server
import os
from collections import Counter

import pm

visits: Counter[str] = Counter()
"""The names of this worker's part."""


@pm.on_request
def count(name: str) -> list[int]:
    """Count a visit of a name that is ours."""
    visits[name] += 1
    return [visits[name], max(0, pm.worker.slot)]


def visit(name: str) -> list[int]:
    """Count a visit, by whoever owns the name."""
    owner = pm.cluster.shard_of(name)
    if owner == max(0, pm.worker.slot):
        return count(name)
    found: list[int] = pm.cluster.request(owner, name, timeout=5)
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    """Says how often a path was asked for."""

    def do_GET(self) -> None:
        number, slot = visit(self.path)
        body = f"visit {number} of {self.path}, counted in slot {slot}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler
).serve_forever()
