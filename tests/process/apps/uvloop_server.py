"""An ASGI app on uvloop that answers with its pid: HTTP PORT [FILE], HTTP is h11 or httptools.

/held is answered when FILE is there, FILE.held says that it has been read; /large is LARGE bytes,
/pieces comes in pieces, and to a body the answer is its length. Idle connections are kept: the 5 s
that uvicorn gives them pass on a busy machine before a new worker is there.
"""

import asyncio
import os
import sys
import time

import uvicorn

LARGE = 1 << 22


def hold():
    open(f"{sys.argv[3]}.held", "w").close()
    while not os.path.exists(sys.argv[3]):
        time.sleep(0.01)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        event = await receive()
        size += len(event.get("body", b""))
        more = event.get("more_body", False)
    if scope["path"] == "/held":
        await asyncio.to_thread(hold)
    body = str(size or os.getpid()).encode()
    if scope["path"] == "/large":
        body = bytes(LARGE)
    pieces = [body]
    headers = [(b"content-length", str(len(body)).encode())]
    if scope["path"] == "/pieces":
        pieces, headers = [body[:1], body[1:], b""], []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for at, piece in enumerate(pieces, 1):
        await send({"type": "http.response.body", "body": piece, "more_body": at < len(pieces)})


HTTP, PORT = sys.argv[1:3]
uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(PORT),
    loop="uvloop",
    http=HTTP,
    log_level="warning",
    timeout_keep_alive=600,
)
