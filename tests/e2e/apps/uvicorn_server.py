"""uvicorn on asyncio: PORT. Its own 5 s for an idle connection are short on a busy machine."""

import os
import sys

import uvicorn


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="asyncio",
        log_level="warning",
        timeout_keep_alive=600,
    )
