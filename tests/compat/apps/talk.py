"""HTTP over a bare connection, for servers that only move bytes: one request, one answer."""

import os


def answer():
    body = os.environ.get("PM_SLOT", "none").encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


def pause(request):
    return 2.0 if request.startswith(b"GET /slow") else 0.0
