"""websockets on asyncio: PORT."""

import asyncio
import os
import sys

from websockets.asyncio.server import serve


async def echo(ws):
    async for message in ws:
        await asyncio.sleep(2 if message == "/slow" else 0)
        await ws.send(os.environ.get("PM_SLOT", "none"))


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


asyncio.run(main())
