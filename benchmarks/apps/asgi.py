"""An ASGI app that answers with its process id."""

import os
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ARG001
    if scope["type"] != "http":
        return
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
