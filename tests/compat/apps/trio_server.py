"""trio: PORT."""

import sys

import trio
from talk import answer, pause


async def serve(stream):
    await trio.sleep(pause(await stream.receive_some(4096)))
    await stream.send_all(answer())


async def main():
    await trio.serve_tcp(serve, int(sys.argv[1]), host="127.0.0.1")


trio.run(main)
