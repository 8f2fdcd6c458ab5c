"""Answers each UDP packet with its pid: PORT [close]. On "close" it gives its port up."""

import asyncio
import os
import sys


class Answer(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(str(os.getpid()).encode(), address)
        if data == b"close":
            self.transport.close()


async def main():
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Answer, local_addr=("127.0.0.1", int(sys.argv[1])))
    await asyncio.Event().wait()


asyncio.run(main())
