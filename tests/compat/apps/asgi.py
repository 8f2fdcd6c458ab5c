"""The ASGI application of every ASGI server here: says its slot; /slow takes two seconds."""

import os


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/slow":
        await pause()
    body = os.environ.get("PM_SLOT", "none").encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def pause():
    import sniffio

    if sniffio.current_async_library() == "trio":
        import trio

        await trio.sleep(2)
    else:
        import asyncio

        await asyncio.sleep(2)
