"""Gets no core when it has taken its second connection, until it drains: PORT WAY.

WAY: how it waits for connections, `thread` (blocked), `timeout`, `select`, or `asyncio`.
"""

import asyncio
import select
import socket
import sys
import time

PORT, WAY = int(sys.argv[1]), sys.argv[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"

followed = sys.modules["_pm.worker.sockets.talking"].Talking
here = sys.modules["_pm.worker.here"]
shows = followed.watch
taken = []


def watch(self, *args):
    taken.append(self)
    if len(taken) == 2:
        print("taken", flush=True)
        while not here.own_page()[0]:
            time.sleep(0.001)
        time.sleep(0.2)  # without a core, for longer than the master gives it in any case
    shows(self, *args)


followed.watch = watch


def answer(conn):
    with conn:
        if conn.recv(65536):
            conn.sendall(ANSWER + b"taken")


def serve():
    sock = socket.create_server(("127.0.0.1", PORT))
    if WAY == "timeout":
        sock.settimeout(0.05)
    while True:
        if WAY == "select":
            select.select([sock], [], [])
        try:
            conn = sock.accept()[0]
        except TimeoutError:
            continue
        conn.settimeout(None)
        answer(conn)


async def main():
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER + b"taken")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", PORT) as server:
        await server.serve_forever()


asyncio.run(main()) if WAY == "asyncio" else serve()
