"""An asyncio server that takes its time to give each of its idle connections away: PORT."""

import asyncio
import os
import sys
import time

followed = sys.modules["_pm.worker.sockets.talking"].Talking
moves = followed.move


def move(self):
    time.sleep(0.1)  # as on a machine where many others wait for the cores
    return moves(self)


followed.move = move


async def talk(reader, writer):
    while await reader.readline():
        while (await reader.readline()).strip():
            pass
        body = str(os.getpid()).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def main():
    async with await asyncio.start_server(talk, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


asyncio.run(main())
