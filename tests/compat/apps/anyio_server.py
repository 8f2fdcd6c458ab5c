"""anyio: PORT BACKEND."""

import sys

import anyio
from talk import answer, pause


async def serve(stream):
    async with stream:
        await anyio.sleep(pause(await stream.receive()))
        await stream.send(answer())


async def main():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=int(sys.argv[1]))
    await listener.serve(serve)


anyio.run(main, backend=sys.argv[2])
